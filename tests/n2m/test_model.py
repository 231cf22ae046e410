"""n2m.Model: what a reader's own Python, the command line and a web page call."""

import os
import shutil
import threading

import numpy as np
import pytest

import n2m
from core.search_model import search_model

TASKS = [t.name for t in n2m.tasks()]
each_task = pytest.mark.parametrize("task", TASKS)


@each_task
def test_answers_have_text_score_and_tokens_best_first(trained, task):
    model = n2m.load(trained(task))
    [best] = model.answer([model.task.sample_input], n_best=2, max_output=8)
    assert len(best) == 2 and best[0].score >= best[1].score
    assert all(isinstance(a.text, str) and a.tokens and a.weights is None for a in best)


def test_a_text_instead_of_a_list_is_refused(trained):
    for texts in ("床前明月光", [None]):
        with pytest.raises(n2m.InputError, match="a list of texts"):
            n2m.load(trained("poem")).answer(texts)


def test_an_input_without_answer_is_raised_or_returned(trained):
    model = n2m.load(trained("poem"))
    with pytest.raises(n2m.InputError, match="the input is empty"):
        model.answer(["床前明月光", ""])
    first, second = model.answer(["床前明月光", ""], errors="return")
    assert first[0].text and isinstance(second, n2m.InputError)


def test_an_unknown_option_is_told_with_the_nearest(trained):
    with pytest.raises(n2m.InputError, match="the option beem is unknown; did you mean beam"):
        n2m.load(trained("poem")).answer(["床前明月光"], beem=3)


@pytest.mark.parametrize(("search", "says"), [
    ({"search": "varied", "beam": 3}, "`beam` has no effect with `search` varied; remove it$"),
    ({"search": "likeliest", "samples": 9}, "`samples` has no effect without `search` varied; remove it"),
    ({"temperature": 1.0, "mmi_weight": 0.5}, "`mmi_weight` has no effect without `search` varied"),
    ({"temperature": 1.0, "beam": 3}, "`beam` has no effect with `temperature`, which draws samples; remove it"),
    ({"tune": "浣溪沙"}, "`tune` has no effect on the answers of `task` poem; remove it"),
    ({"form": "free", "rhyme": "阳"}, "`rhyme` has no effect with `form` free; remove one of them")])
def test_search_settings_without_effect_are_refused(trained, search, says):
    with pytest.raises(n2m.InputError, match=says):
        n2m.load(trained("poem")).answer(["床前明月光"], **search)


def test_varied_search_needs_a_model_that_knows_an_empty_source(trained):
    model = n2m.load(trained("translate"))
    with pytest.raises(n2m.InputError, match=r"add `mmi_weight` 0, or train with `source_dropout` 0\.1"):
        model.answer(["我喜欢喝茶。"], search="varied")
    assert model.answer(["我喜欢喝茶。"], search="varied", mmi_weight=0.0)[0][0].text


def test_what_a_model_does_not_know_of_its_inputs_is_noted(trained):
    model, notes = n2m.load(trained("poem")), []
    line = "".join(token for token in model.text_model.source.vocabulary.words() if token.isalpha())[:5]
    with n2m.listening(note=notes.append):
        model.answer([f"{line[:4]}Q，{line}"])
        model.answer([line, f"{line[:4]}Z", f"X{line[:4]}", f"{line[:4]}Y"])
        model.answer([line])
    assert [n for n in notes if "the model does not know" in n] == [
        f"{line[:4]}Q，{line}: the model does not know Q",
        f"{line[:4]}Z: the model does not know Z; so with 2 of the 3 other inputs"]


def test_a_word_that_is_unknown_is_refused_with_some_that_are_known(trained):
    model = n2m.load(trained("word"))
    with pytest.raises(n2m.InputError, match=r"knows no part of .* try other words, such as ") as refused:
        model.answer(["\U0001f9ff"])
    words = str(refused.value).split("such as ")[1].split()
    assert len(words) == 8 and all(best[0].text for best in model.answer(words, max_output=4))


def test_what_is_searched_among_samples_cannot_be_streamed(trained):
    with pytest.raises(n2m.InputError, match="`search` varied: its answer is known at the end; to stream, use"):
        n2m.load(trained("poem")).stream("床前明月光", search="varied")


@each_task
def test_the_stream_is_the_greedy_answer_in_pieces(trained, task):
    model = n2m.load(trained(task))
    text = model.task.sample_input
    assert "".join(model.stream(text, max_output=8)) == model.answer([text], beam=1, max_output=8)[0][0].text


@each_task
def test_a_walk_is_data(trained, task):
    model = n2m.load(trained(task))
    walk = model.walk(model.task.sample_input, candidates=7, max_output=8)
    assert isinstance(walk.embeddings, np.ndarray) and walk.embeddings.shape == (len(walk.ids), 16)
    assert len(walk.steps[0].candidates) in (2, 7)  # there are two labels
    with pytest.raises(n2m.InputError, match="`beam` cannot be combined with `explain`"):
        model.walk(model.task.sample_input, beam=2)


def test_a_model_of_simplified_text_reads_traditional_input_and_answers_in_the_script_asked_for(trained):
    model = n2m.load(trained("poem"))
    [[plain]] = model.answer(["开门见山花"])
    [[same]] = model.answer(["開門見山花"])
    assert same == plain
    [[converted]] = model.answer(["开门见山花"], script="traditional")
    assert len(converted.text) == len(plain.text)


def test_input_is_normalised_as_the_corpus_was(tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"ＡＢＣ {n}\tanswer {n}\n" for n in range(40)), encoding="utf-8")
    model = n2m.train("translate", pairs, tmp_path / "m", normalization="nfkc", tokenizer="characters",
                      embedding_size=4, hidden_size=4, epochs=1)
    wide, narrow = (model.text_model.source_ids(model.read_input(text)) for text in ("ＡＢＣ", "ABC"))
    assert wide == narrow


def test_the_same_input_gives_the_same_sample_and_lines_and_seeds_differ(trained):
    model = n2m.load(trained("poem"))

    def sample(texts, **options):
        return [best[0].text for best in model.answer(texts, temperature=1.5, **options)]

    assert sample(["床前明月光"]) == sample(["床前明月光"])
    assert sample(["床前明月光"] * 2)[0] != sample(["床前明月光"] * 2)[1]
    assert sample(["床前明月光"], seed=5) != sample(["床前明月光"], seed=6)
    assert sample(["床前明月光"] * 2)[1:] == sample(["床前明月光"], first=1)
    [poem] = sample(["床前明月光"], lines=4)
    lines = poem.replace("。", "，").strip("，").split("，")
    assert len(lines) == 4 and len(set(lines)) == 4


def test_several_poems_of_several_lines(trained):
    model = n2m.load(trained("poem"))
    [poems] = model.answer(["床前明月光"], lines=3, n_best=3)
    assert len({poem.text for poem in poems}) == 3
    assert all(poem.text.count("，") + poem.text.count("。") == 3 for poem in poems)
    assert [poem.score for poem in poems] == sorted((poem.score for poem in poems), reverse=True)


def test_an_acrostic_begins_each_line_with_a_character(trained):
    model = n2m.load(trained("poem"))
    assert [line.text[0] for line in model.acrostic("春花", line_length=7)] == ["春", "花"]
    with pytest.raises(n2m.InputError, match="which the model does not know"):
        model.acrostic("春\U0001f9ff")
    with pytest.raises(n2m.InputError, match="`line_length` 1 must be from 2 to 33"):
        model.acrostic("春", line_length=1)


def test_lines_are_for_tasks_that_write_lines(trained):
    model = n2m.load(trained("translate"))
    with pytest.raises(n2m.InputError, match="not for translate"):
        model.answer(["我喜欢喝茶。"], lines=2)


def test_many_threads_get_the_answers_of_one(trained):
    model, texts = n2m.load(trained("translate")), ["我喜欢喝茶。", "他是学生。", "今天天气很好。"] * 4
    expected = [model.answer([text], max_output=8) for text in texts]
    model = n2m.load(trained("translate"))  # a new one, so that threads meet while search is prepared
    found = [None] * len(texts)

    def work(i):
        found[i] = model.answer([texts[i]], max_output=8)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_what_search_needs_is_made_once(trained):
    model = n2m.load(trained("poem"))
    model.answer(["床前明月光"])
    first = search_model(model.text_model.network)
    model.answer(["床前明月光"])
    assert search_model(model.text_model.network) is first


@each_task
def test_evaluation_finds_the_corpus_and_nothing_is_printed(trained, task, capfd):
    model = n2m.load(trained(task))
    report = model.evaluate(max_output=5)
    assert report.beaten() and model.test_examples > 0
    assert capfd.readouterr() == ("", "")


def test_a_model_directory_runs_no_code(trained, tmp_path, monkeypatch):
    (tmp_path / "payload.py").write_text("import pathlib; pathlib.Path('ran').touch()\nX = None\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained("translate"), "m")
    model = n2m.load("m")
    for given, says in ((["payload:X"], "a model directory may not import; name it again with `corpus`"),
                        ("payload:X", "is damaged"), ([["payload:X"]], "is damaged"), ({"payload:X": 1}, "is damaged")):
        model.metadata["corpus"]["given"] = given
        model.save("m")
        with pytest.raises(n2m.InputError, match=says):
            n2m.load("m").evaluate()
    assert not os.path.exists("ran")
