import dataclasses
import json

import pytest
import torch

import corpora
import tasks
from core.data import Example, InputError
from core.events import listening
from core.history import Epoch
from core.settings import RunSettings
from corpora.prepare.splits import prepare
from tasks.shared import pretrained, training
from tasks.shared.saving import load, save

torch.set_num_threads(1)
TASK = tasks.find("translate")
PAIRS = [Example("你好", "hello there"), Example("再见", "see you"), Example("谢谢", "thank you")]
TINY = {"embedding_size": 3, "hidden_size": 4, "tokenizer": "characters", "min_count": 1, "epochs": 2,
        "dropout": 0.0}


def make(pairs=PAIRS, **others):
    return training.create(TASK, TASK.settings({}, {**TINY, **others}), pairs)


def vectors(tmp_path, rows):
    file = tmp_path / "vectors.txt"
    file.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    return str(file)


def test_pretrained_vectors_are_where_the_source_embedding_starts(tmp_path):
    model = make(vectors=vectors(tmp_path, ["2 3", "你 1 2 3", "好 4 5 6"]))
    ids = model.source.ids("你好再")
    rows = model.network.encoder.embedding.weight[ids]
    assert rows[:2].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert torch.equal(rows[2], make().network.encoder.embedding.weight[ids[2]])


@pytest.mark.parametrize(("rows", "says"), [(["你 1 2 3 4", "好 1 2 3 4"], "set `embedding_size` 4"),
                                            (["x 1 2 3", "y 1 2 3"], "has none of the")])
def test_vectors_that_do_not_fit_are_refused(tmp_path, rows, says):
    with pytest.raises(InputError, match=says):
        make(vectors=vectors(tmp_path, rows))


def test_vectors_from_a_missing_file_are_refused():
    with pytest.raises(InputError, match="does not exist"):
        make(vectors="missing.txt")


def test_a_vocabulary_that_does_not_fit_its_data_is_warned_of_before_training():
    model = make(PAIRS * 2, min_count=2)
    assert training.warnings(make(), PAIRS) == []
    [warning] = training.warnings(model, [Example("天地玄黄", "hello")])
    assert "100% of the source tokens" in warning and "`min_count`" in warning and "`tokenizer`" not in warning
    [warning] = training.warnings(make(), [Example("天地玄黄", "hello")])
    assert warning.endswith("are unknown; use more text")  # `min_count` is 1 already
    [warning] = training.warnings(make(PAIRS * 2, tokenizer="words", min_count=2), [Example("天地玄黄", "hello")])
    assert "use a finer `tokenizer` (characters, subwords), a lower `min_count`" in warning
    word = tasks.find("word")
    model = training.create(word, word.settings({}, TINY), PAIRS)  # new words are read as their characters
    assert training.warnings(model, [Example("天地玄黄", "hello")]) == []


def test_training_that_never_reached_a_dev_loss_is_saved_only_where_no_model_stands(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt
    first = make()
    training.fit(first, PAIRS, PAIRS, tmp_path / "m", on_update=interrupt)
    assert load(tmp_path / "m").metadata["history"]["stopped"] == "interrupted"
    finished = make(seed=5)
    training.fit(finished, PAIRS, PAIRS, tmp_path / "m")
    training.fit(make(seed=6), PAIRS, PAIRS, tmp_path / "m", on_update=interrupt)
    assert load(tmp_path / "m").settings.seed == 5


def test_the_folder_holds_the_best_epoch_and_the_whole_history(tmp_path):
    seen: list[Epoch] = []
    model = make(epochs=4, patience=0)
    history = training.fit(model, PAIRS, PAIRS, tmp_path / "m", on_epoch=seen.append)
    saved = load(tmp_path / "m")
    assert saved.metadata["history"]["epochs"] == [dataclasses.asdict(e) for e in seen]
    assert len(history.epochs) == 4 and history.best is not None
    for a, b in zip(model.network.state_dict().values(), saved.network.state_dict().values()):
        assert torch.equal(a, b)


def test_subwords_and_words_are_saved_with_the_model(tmp_path):
    for kind in ("words", "subwords"):
        model = make(tokenizer=kind, max_vocabulary=40)
        save(model, tmp_path / kind)
        again = load(tmp_path / kind)
        assert again.target.ids("hello there") == model.target.ids("hello there")
        assert again.target.text(again.target.ids("see you")) == "see you"


def test_vectors_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(InputError, match="not finite"):
        make(vectors=vectors(tmp_path, ["你 1 2 3", "好 1 inf 3"]))


# frozen vectors

OPTIONS = [pytest.param(t, {}, id=t.name) for t in tasks.all_tasks()] + [
    pytest.param(tasks.find("poem"), others, id="-".join(map(str, others.values()))) for others in (
        {"optimizer": "adam"}, {"accumulate": 3}, {"average": "ema"}, {"max_grad_norm": 0.0, "weight_decay": 0.5},
        {"tie_embeddings": False}, {"precision": "bf16"})]


def begun(task, tmp_path, **others):
    """A model with the task's default settings, but small; every other token has a vector, some of them zeros."""
    train = list(prepare(corpora.find("starter", task.format), task.format).train)[:40]
    settings = task.settings({}, {"embedding_size": 3, "hidden_size": 4, "epochs": 2, "batch_size": 8})
    words = training.create(task, settings, train).source.vocabulary.words()[::2]
    path = vectors(tmp_path, [f"{w} {i / 7} -1 {i % 3}" if i % 5 else f"{w} 0 0 0" for i, w in enumerate(words)
                              if not w.isspace()])
    settings = dataclasses.replace(settings, vectors=path, **others)
    return training.create(task, settings, train, cache_dir=tmp_path / "cache"), train


@pytest.mark.parametrize(("task", "options"), OPTIONS)
def test_frozen_rows_stay_bit_for_bit_and_the_others_are_learned(task, options, tmp_path):
    model, train = begun(task, tmp_path, freeze_vectors=True, **options)
    embedding = model.network.encoder.embedding
    before, given = embedding.weight.detach().clone(), embedding.pretrained_mask
    assert 0.2 < given.float().mean() < 0.7
    training.fit(model, train, train[:4], None)
    assert torch.equal(embedding.weight[given], before[given])
    seen = torch.from_numpy(model.encode(train).sources.counts(len(model.source))) > 0
    moved = (embedding.weight != before).any(dim=1)
    assert moved[seen & ~given].float().mean() > 0.8  # dropout may hide a rare one


@pytest.mark.parametrize("task", tasks.all_tasks(), ids=lambda t: t.name)
def test_vectors_that_are_not_frozen_are_tuned(task, tmp_path):
    model, train = begun(task, tmp_path)
    embedding = model.network.encoder.embedding
    before = embedding.weight.detach().clone()
    training.fit(model, train, train[:4], None)
    assert (embedding.weight != before).any(dim=1)[embedding.pretrained_mask].float().mean() > 0.8


@pytest.mark.parametrize("average", ["last", "best"])
def test_the_mean_of_epochs_leaves_frozen_rows_up_to_rounding(average, tmp_path):
    model, train = begun(tasks.find("poem"), tmp_path, freeze_vectors=True, average=average)
    embedding = model.network.encoder.embedding
    before = embedding.weight.detach().clone()
    training.fit(model, train, train[:4], None)
    torch.testing.assert_close(embedding.weight[embedding.pretrained_mask], before[embedding.pretrained_mask])


def test_an_unfinished_training_with_frozen_vectors_goes_on_to_the_same_weights(tmp_path):
    def die(update, *_):
        if update == 7:
            raise ZeroDivisionError

    model, train = begun(tasks.find("poem"), tmp_path, freeze_vectors=True)
    training.fit(model, train, train[:4], None)
    died, _ = begun(tasks.find("poem"), tmp_path, freeze_vectors=True)
    each_update = RunSettings(checkpoint_seconds=0)
    with pytest.raises(ZeroDivisionError):
        training.fit(died, train, train[:4], tmp_path / "m", on_update=die, run=each_update)
    again, _ = begun(tasks.find("poem"), tmp_path, freeze_vectors=True)
    notes = []
    with listening(note=notes.append):
        training.fit(again, train, train[:4], tmp_path / "m")
    assert notes == ["resuming from update 6 (epoch 2)"]
    for a, b in zip(model.network.state_dict().values(), again.network.state_dict().values()):
        assert torch.equal(a, b)


def test_a_training_does_not_go_on_with_other_vectors(tmp_path):
    def die(*_):
        raise ZeroDivisionError

    rows = ["你 1 2 3", "好 4 5 6"]
    each_update = RunSettings(checkpoint_seconds=0)
    with pytest.raises(ZeroDivisionError):
        training.fit(make(vectors=vectors(tmp_path, rows), batch_size=1), PAIRS, PAIRS, tmp_path / "m",
                     on_update=lambda update, *_: die() if update == 2 else None, run=each_update)
    with pytest.raises(InputError, match=r"unfinished (training|run) .*vectors.checksum"):
        training.fit(make(vectors=vectors(tmp_path, rows[:1]), batch_size=1), PAIRS, PAIRS, tmp_path / "m")


def test_a_trained_model_answers_without_the_file_of_vectors(tmp_path):
    path = vectors(tmp_path, ["你 1 2 3", "好 4 5 6"])
    model = make(vectors=path, freeze_vectors=True)
    training.fit(model, PAIRS, PAIRS, tmp_path / "m")
    (tmp_path / "vectors.txt").unlink()
    again = load(tmp_path / "m")
    search = TASK.search_settings({"beam": 2})
    assert TASK.answer(again, PAIRS, search) == TASK.answer(model, PAIRS, search)
    assert again.network.encoder.embedding.weight[again.source.ids("你")].tolist() == [[1, 2, 3]]


def test_of_a_rare_word_only_its_characters_are_known():
    word, pairs = tasks.find("word"), [Example("月光", "moonlight"), Example("月", "moon"), Example("月", "month")]
    codecs = {n: word.codecs(word.settings({}, {"min_count": n}), [e.source for e in pairs], ["moon", "moon"])[0]
              for n in (1, 2)}
    assert {n: "月光" in codec.vocabulary for n, codec in codecs.items()} == {1: True, 2: False}
    assert all("月" in codec.vocabulary for codec in codecs.values())


# coverage


def test_what_the_vectors_cover_is_told_and_kept(tmp_path):
    model = make(vectors=vectors(tmp_path, ["你 1 2 3", "好 1 2 3", "谢 4 5 6", "你 0 0 1"]))
    dev = model.encode([Example("你好你好再", "hello"), Example("谢谢天", "thank you")])  # 6 of 8, 天 is unknown
    assert pretrained.coverage(model, dev) == [
        "vectors: 3 of 5 source tokens have one (60.0%), 75.0% of the running text; "
        "1 rows of the file are unusable"]
    training.fit(model, PAIRS, PAIRS, tmp_path / "m")
    about = json.loads((tmp_path / "m" / "training.json").read_text(encoding="utf-8"))["vectors"]
    assert {k: about[k] for k in about if k != "checksum"} == {"tokens": 3, "of": 5, "unused rows": 1,
                                                               "running text": 0.75}


def test_vectors_of_less_than_half_the_text_are_warned_of(tmp_path):
    model = make(vectors=vectors(tmp_path, ["你 1 2 3", "好 1 2 3"]))
    said, warning = pretrained.coverage(model, model.encode([Example("你再再谢", "hello")]))
    assert said == "vectors: 2 of 5 source tokens have one (40.0%), 25.0% of the running text"
    assert warning.startswith("warning: only 25% of the running text has a vector")
    assert all(name in warning for name in ("`tokenizer`", "`lowercase`", "`script`"))


def test_without_vectors_nothing_is_said_of_them():
    model = make()
    assert pretrained.coverage(model, model.encode(PAIRS)) == [] and "vectors" not in model.metadata
