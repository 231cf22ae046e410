"""The command line end to end, on the starter corpora, as a user types it."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.command import QUICK, ROOT, TASKS, refused, run


@pytest.mark.parametrize("task", TASKS)
def test_a_training_prints_scores_baselines_and_examples(models, task):
    printed = (models / f"{task}.txt").read_text(encoding="utf-8")
    assert "examples from the test split" in printed and "baseline" in printed
    assert printed.splitlines()[-1].startswith("model: ") and printed.endswith(f"{task}\n")


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
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    assert time.perf_counter() - begun < 12


def test_a_new_process_answers_soon_and_as_this_one_does(models):
    arguments = ["--task", "poem", "--model-dir", models / "poem", "--input", TASKS["poem"]]
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True,
                          encoding="utf-8")
    seconds = time.perf_counter() - begun
    assert (done.returncode, done.stdout) == (0, run(*arguments).stdout), done.stderr
    assert seconds < 12  # four seconds on a quiet machine; tests may share theirs


def test_the_trained_model_is_found_again_and_not_trained_anew(models, tmp_path):
    shutil.copytree(models / "word", tmp_path / "word")
    done = run("--task", "word", "--model-dir", tmp_path / "word")
    assert done.returncode == 0 and "use --retrain --corpus starter to train from scratch" in done.stderr
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
    assert done.returncode == 1
    assert "run.py: input 2: the input is empty" in done.stderr
    first, empty, third = done.stdout.split("\n")[:3]
    assert len(first) == 5 and empty == "" and len(third) == 5


def test_streams_that_hold_no_text_are_refused(models, tmp_path):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "--input - is empty" in refused(*poem, "--input", "-", stdin="")
    (tmp_path / "empty.txt").touch()
    assert "empty.txt is empty" in refused(*poem, "--input", tmp_path / "empty.txt")
    assert "no such file" in refused(*poem, "--input", tmp_path / "missing.txt")
    assert "no such file" in refused(*poem, "--input", tmp_path / "missing.txt.gz")
    assert "is a directory" in refused(*poem, "--input", tmp_path)
    assert "line 1 is not UTF-8" in refused(*poem, "--input", "-", stdin=b"\xe6\x9c\n")


def test_explain_follows_the_rules_of_the_search(models):
    word = ["--task", "word", "--model-dir", models / "word", "--explain", "月"]
    assert "step 2" in run(*word).stdout
    shown = run(*word, "--max-output", "1").stdout
    assert "step 1" in shown and "step 2" not in shown


def test_a_text_longer_than_any_file_name_is_a_text(models):
    done = run("--task", "classify", "--model-dir", models / "classify", "--input", "这本书很好看，" * 20)
    assert done.returncode == 0 and done.stdout.startswith(("positive", "negative")), done.stderr


def test_a_single_bad_input_prints_nothing_but_its_reason(models):
    done = run("--task", "poem", "--model-dir", models / "poem", "--input", "abc")
    assert done.returncode == 2 and done.stdout == "" and "knows no part" in done.stderr


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


def test_n_best_of_several_inputs_names_each_of_them(models):
    asked = ["--input", "我要回家。", "--input", "他是学生。"]
    done = run("--task", "translate", "--model-dir", models / "translate", *asked, "--n-best", "2")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["我要回家。"] * 2 + ["他是学生。"] * 2


def test_several_poems_of_several_lines(models):
    poem = ["--task", "poem", "--model-dir", models / "poem", "--input", "海月上东楼"]
    done = run(*poem, "--lines", "3", "--n-best", "3")
    assert len(done.stdout.splitlines()) == 3 and all(line.count("，") == 1 for line in done.stdout.splitlines())


def test_the_seed_of_an_answer_is_that_of_its_draws(models):
    poem = ["--task", "poem", "--model-dir", models / "poem", "--input", "海月上东楼", "--temperature", "1.5"]
    assert run(*poem, "--seed", "5").stdout == run(*poem, "--seed", "5").stdout != run(*poem, "--seed", "6").stdout


def test_an_answer_comes_in_the_script_asked_for(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    done = run(*poem, "--acrostic", "东风", "--script", "traditional")
    assert [line[0] for line in done.stdout.splitlines()] == ["東", "風"], done.stderr


def test_sampling_is_the_same_for_the_same_model_and_freer_than_search(models):
    word = ["--task", "word", "--model-dir", models / "word", "--input", "月", "--temperature", "1.5", "--n-best", "4"]
    assert run(*word).stdout == run(*word).stdout
    assert len(set(run(*word).stdout.splitlines())) == 4


def test_explain_shows_scores_weights_and_words(models):
    done = run("--task", "poem", "--model-dir", models / "poem", "--explain", "海月上东楼")
    for part in ("1 segmentation", "6 c", "s_0", "score", "α", "█", "y_5", "answer"):
        assert part in done.stdout, part


def test_same_seed_same_scores(models, tmp_path):
    run("--task", "translate", "--corpus", "starter", "--model-dir", tmp_path / "m", *QUICK)
    folders = models / "translate", tmp_path / "m"
    scores = [(folder / "metrics.json").read_text(encoding="utf-8") for folder in folders]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(("content", "says"), [
    (b"", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b"one\ttwo\n", "1 usable examples; at least 10 required"),
    ("schöne Grüße\n".encode("latin-1") * 20, "line 1 is not UTF-8"),
        (b"lonely\n" * 20, "fewer columns than needed, separated by a tab (the first in line 1)"),
    (b"a\0\tb\n" * 20, "NUL"), (b"a\tb\n" * 50, "usable examples")])
def test_a_corpus_file_that_will_not_do_is_refused(tmp_path, content, says):
    file = tmp_path / "mine.tsv"
    file.write_bytes(content)
    line = refused("--task", "translate", "--corpus", file, "--model-dir", tmp_path / "m")
    assert says in line and not (tmp_path / "m").exists()


def test_a_file_with_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    file = tmp_path / "mine.tsv"
    rows = (ROOT / "tasks" / "starter" / "translate.tsv").read_text(encoding="utf-8").splitlines()
    file.write_bytes(("\ufeff" + "\r\n".join(rows)).encode())
    done = run("--task", "translate", "--corpus", file, "--model-dir", tmp_path / "m", *QUICK, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "test examples" in done.stdout


@pytest.mark.parametrize(("arguments", "says"), [
    (["--task", "poems"], "did you mean poem?"),
    (["--tsak", "poem"], "did you mean --task?"),
    (["--task", "poem", "--temp", "1"], "did you mean --temperature?"),
    (["--task", "poem", "--corpus", "tange"], "did you mean tang?"),
    (["--task", "poem", "--corpus", "reviews"], "--task classify"),
    (["--task", "poem", "--corpus", "missing.tsv"], "no such file"),
    (["--task", "poem", "--cell", "gruu"], "did you mean gru?"),
    (["--task", "poem", "--epochs", "0"], "must be at least 1"),
    (["--task", "poem", "--epochs", "many"], "invalid int value: 'many'"),
    (["--task", "poem", "--dropout", "nan"], "must be a finite number"),
    (["--task", "poem", "--top-k", "5", "--search", "likeliest"], "--temperature"),
    (["--task", "poem", "--input", "月", "--n-best", "9", "--search", "likeliest"], "--beam"),
    (["--task", "word", "--input", "月", "--lines", "4"], "--lines does not fit the task word"),
    (["--task", "poem", "--lines", "4"], "--lines needs --input"),
    (["--task", "poem", "--line-length", "4"], "--line-length needs --acrostic"),
    (["--task", "poem", "--input", "月", "--line-length", "4"], "--line-length cannot be combined with --input"),
    (["--task", "poem", "--acrostic", "月", "--lines", "4"], "--lines cannot be combined with --acrostic"),
    (["--task", "poem", "--reverse"], "one direction"),
    (["--task", "poem", "--explain", "月", "--seed", "2"], "--seed cannot be combined with --explain"),
    (["--task", "poem", "--explain", "月", "--script", "traditional"], "--script cannot be combined with --explain"),
    (["--task", "poem", "--input", "月", "--time-limit", "3"], "--time-limit cannot be combined with --input"),
    (["--task", "poem", "--input", "月", "--mirror", "x"], "--mirror cannot be combined with --input"),
    (["--task", "poem", "--acrostic", "月", "--n-best", "2"], "--n-best cannot be combined with --acrostic"),
    (["--task", "poem", "--n-best", "2"], "--n-best needs --input"),
    (["--task", "poem", "--input", "月", "--max-output", "2"], "--max-output has no effect on the answers of"),
    (["--task", "classify", "--input", "x", "--beam", "2"], "--beam has no effect on the answers of --task classify"),
    (["--list", "--epochs", "2"], "--epochs cannot be combined with --list"),
    (["--task", "poem", "--epochs", "x"], "invalid int value: 'x' (python"),
    (["--task", "poem", "--input", "月", "--explain", "月"], "--input cannot be combined with --explain"),
    (["--list", "--compare"], "--list cannot be combined with --compare"),
    (["--task", "poem", "--input", "月", "--retrain"], "--retrain cannot be combined with --input"),
    (["--task", "poem", "--corpus", "/dev/zero"], "/dev/zero"),
    (["--compare", "--task", "poem"], "remove --task"),
    ([], "no --task given"),
    (["serv"], "serv is unknown; did you mean serve?"),
    (["--compare", "pretrained/poem", "--vary", "cell=rnn,gru"], "--vary needs a task after --compare, not"),
])
def test_wrong_arguments_are_told_with_the_nearest_right_ones(arguments, says):
    assert says in refused(*arguments)


def test_wrong_arguments_are_told_beside_a_trained_model_too(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "did you mean tang?" in refused(*poem, "--corpus", "tange")
    assert "no such file" in refused(*poem, "--corpus", "missing.tsv")
    assert "--task classify" in refused(*poem, "--corpus", "reviews")
    assert "/dev/zero" in refused(*poem, "--corpus", "/dev/zero")
    assert "--beam cannot be combined with --explain" in refused(*poem, "--explain", "月", "--beam", "3")


def test_flags_of_version_0_1_are_still_understood(models):
    poem = ["--task", "poem", "--model-dir", models / "poem", "--input", "海月上东楼"]
    assert run(*poem, "--no-repeat", "2").stdout == run(*poem, "--no-repeat-ngram-size", "2").stdout
    assert "--hidden-size" in refused(*poem, "--state-size", "7")


def test_input_without_a_model_says_how_to_get_one():
    assert "train one first" in refused("--task", "classify", "--model-dir", "models/none", "--input", "很干净")


def test_inputs_that_cannot_be_answered(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    for text, says in (("", "empty"), ("abc", "knows no part"), ("月" * 5000, "shorten")):
        done = run(*poem, "--input", text)
        assert done.returncode == 2 and says in done.stderr and "\n" not in done.stderr.strip()
    assert "does not know" in refused(*poem, "--acrostic", "龘")


def test_another_setting_or_corpus_than_the_model_has_is_refused(models):
    poem = ["--task", "poem", "--model-dir", models / "poem"]
    assert "found a model trained with --cell gru, not lstm" in refused(*poem, "--input", "月", "--cell", "lstm")
    assert "found a model trained with --corpus starter, not tang" in refused(*poem, "--corpus", "tang")
    word = ["--task", "word", "--model-dir", models / "poem"]
    assert "found a model for --task poem, not word" in refused(*word, "--input", "月")


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
    assert done.returncode == 0 and "using the starter corpus instead" in done.stderr, done.stderr
    assert "npm is not installed" in done.stderr
    done = run("--task", "translate", "--model-dir", tmp_path / "t", *QUICK, "--limit", "300", **offline)
    unavailable = [line for line in done.stderr.splitlines() if "is unavailable: " in line]
    assert done.returncode == 0 and len(unavailable) == 1 and "default corpus tatoeba-zh-en" in unavailable[0]
    assert "using the hsk-words corpus instead" in done.stderr, done.stderr
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
    answered = run("--task", "word", "--model-dir", tmp_path / "m", "--input", "月")
    assert answered.returncode == 0 and "has not finished; answering with its best weights so far" in answered.stderr


def test_a_cut_pipe_is_no_error(models):
    line = (f"{sys.executable} {ROOT / 'run.py'} --task poem --model-dir {models / 'poem'} --input 海月上东楼 "
            "--input 海月上东楼 | head -n 1")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_the_list_names_every_task_and_corpus_with_licence_and_origin():
    import corpora
    import tasks
    shown = run("--list").stdout
    for corpus in [c for t in tasks.all_tasks() for c in corpora.of_task(t.format)]:
        assert corpus.name in shown and corpus.licence in shown and corpus.origin in shown and corpus.size in shown
    assert all(f"--task {t.name}" in shown and t.sizes in shown for t in tasks.all_tasks())


def test_a_training_stopped_before_its_first_dev_loss_is_not_evaluated(tmp_path, monkeypatch):
    from n2m.cli.terminal import TrainingBar
    monkeypatch.setattr(TrainingBar, "on_update", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    try:
        done = run("--task", "word", "--corpus", "starter", "--model-dir", tmp_path / "m", *QUICK)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.returncode == 130 and done.stdout == ""
    assert "run the same command to resume" in done.stderr and "evaluating" not in done.stderr


@pytest.mark.parametrize(("number", "remedy"), [(errno.EACCES, ""), (errno.ENOSPC, "; free some disk space")])
def test_an_error_of_the_system_is_named_and_only_a_full_disk_is_told_to_be_emptied(monkeypatch, number, remedy):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), "models/poem")
    monkeypatch.setattr("n2m.training.train", fail)
    assert refused("--task", "poem") == f"run.py: models/poem: {os.strerror(number)}{remedy}"


@pytest.mark.parametrize(("running", "asked", "policy"), [
    (0, {}, None), (2, {}, "PASSIVE"), (2, {"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"),
    (2, {"GOMP_SPINCOUNT": "9"}, None)])
def test_beside_other_processes_waiting_threads_sleep_unless_the_user_says_otherwise(
        monkeypatch, capsys, running, asked, policy):
    from n2m.cli import terminal
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(terminal, "running_elsewhere", lambda: running)
    terminal.share_cores()
    assert os.environ.get("OMP_WAIT_POLICY") == policy
    assert ("other processes are running" in capsys.readouterr().err) == (policy == "PASSIVE")
