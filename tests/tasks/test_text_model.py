import dataclasses

import pytest
import torch

import tasks
from core.data import Example, InputError
from core.history import Epoch
from tasks.shared import text_model

torch.set_num_threads(1)
TASK = tasks.find("translate")
PAIRS = [Example("你好", "hello there"), Example("再见", "see you"), Example("谢谢", "thank you")]
TINY = {"embedding_size": 3, "state_size": 4, "tokenizer": "characters", "epochs": 2, "dropout": 0.0}


def make(**others):
    return text_model.create(TASK, TASK.settings({}, {**TINY, **others}), PAIRS)


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


@pytest.mark.parametrize(("rows", "says"), [(["你 1 2 3 4", "好 1 2 3 4"], "add --embedding-size 4"),
                                            (["x 1 2 3", "y 1 2 3"], "has none of the")])
def test_vectors_that_do_not_fit_are_refused(tmp_path, rows, says):
    with pytest.raises(InputError, match=says):
        make(vectors=vectors(tmp_path, rows))


def test_vectors_from_a_missing_file_are_refused():
    with pytest.raises(InputError, match="no such file"):
        make(vectors="missing.txt")


def test_a_vocabulary_that_does_not_fit_its_data_is_warned_of_before_training():
    model = make()
    assert text_model.warnings(model, PAIRS) == []
    [warning] = text_model.warnings(model, [Example("天地玄黄", "hello")])
    assert "100% of the source tokens" in warning and "--tokenizer" in warning


def test_training_that_never_reached_a_dev_loss_is_saved_only_where_no_model_stands(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt
    first = make()
    text_model.fit(first, PAIRS, PAIRS, tmp_path / "m", on_update=interrupt)
    assert text_model.TextModel.load(tmp_path / "m").about["history"]["stopped"] == "interrupted"
    finished = make(seed=5)
    text_model.fit(finished, PAIRS, PAIRS, tmp_path / "m")
    text_model.fit(make(seed=6), PAIRS, PAIRS, tmp_path / "m", on_update=interrupt)
    assert text_model.TextModel.load(tmp_path / "m").settings.seed == 5


def test_the_folder_holds_the_best_epoch_and_the_whole_history(tmp_path):
    seen: list[Epoch] = []
    model = make(epochs=4, patience=0)
    history = text_model.fit(model, PAIRS, PAIRS, tmp_path / "m", on_epoch=seen.append)
    saved = text_model.TextModel.load(tmp_path / "m")
    assert saved.about["history"]["epochs"] == [dataclasses.asdict(e) for e in seen]
    assert len(history.epochs) == 4 and history.best is not None
    for a, b in zip(model.network.state_dict().values(), saved.network.state_dict().values()):
        assert torch.equal(a, b)


def test_subwords_and_words_are_saved_with_the_model(tmp_path):
    for kind in ("words", "subwords"):
        model = make(tokenizer=kind, max_vocabulary=40)
        model.save(tmp_path / kind)
        again = text_model.TextModel.load(tmp_path / kind)
        assert again.target.ids("hello there") == model.target.ids("hello there")
        assert again.target.text(again.target.ids("see you")) == "see you"


def test_vectors_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(InputError, match="not finite"):
        make(vectors=vectors(tmp_path, ["你 1 2 3", "好 1 inf 3"]))
