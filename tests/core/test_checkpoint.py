import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from torch import nn

from core import checkpoint
from core.checkpoint import check, is_finished, is_model, load_weights, read, save, training_lock, write_json
from core.data import InputError

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

PARTS = {"settings": {"cell": "gru", "layers": 2}, "source": {"vocabulary": ["月", "光", "é"]}}


def a_model(seed=1, inputs=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 4), nn.Linear(4, 2))


def saved(tmp_path, seed=1, parts=PARTS):
    save(tmp_path / "model", a_model(seed), parts)
    return tmp_path / "model"


def holds(directory, seed):
    """Whether the model of this seed stands there, whole."""
    model = a_model(seed=99)
    assert read(directory) == PARTS
    load_weights(directory, model)
    return all(torch.equal(a, b) for a, b in zip(model.parameters(), a_model(seed).parameters()))


def no_space(*_):
    raise OSError(28, "No space left on device")


# round trip


def test_a_model_comes_back(tmp_path):
    assert holds(saved(tmp_path), seed=1)


def test_parts_are_readable_json(tmp_path):
    directory = saved(tmp_path)
    assert json.loads((directory / "settings.json").read_text(encoding="utf-8")) == PARTS["settings"]
    assert "月" in (directory / "source.json").read_text(encoding="utf-8")


def test_saving_leaves_nothing_but_the_model(tmp_path):
    directory = saved(tmp_path)
    assert os.listdir(tmp_path) == ["model"]
    assert sorted(os.listdir(directory)) == ["model.json", "settings.json", "source.json", "weights.safetensors"]


def test_saving_again_replaces_the_whole_folder(tmp_path):
    saved(tmp_path, seed=1, parts={**PARTS, "old": {}})
    directory = saved(tmp_path, seed=2)
    assert holds(directory, seed=2)
    assert not (directory / "old.json").exists()
    assert os.listdir(tmp_path) == ["model"]


def test_folders_on_the_way_are_made(tmp_path):
    save(tmp_path / "a" / "b" / "model", a_model(), PARTS)
    assert holds(tmp_path / "a" / "b" / "model", seed=1)


def test_an_empty_folder_may_be_taken(tmp_path):
    (tmp_path / "model").mkdir()
    assert holds(saved(tmp_path), seed=1)


def test_a_tied_table_is_stored_once_and_comes_back_tied(tmp_path):
    model = nn.Sequential(nn.Embedding(200, 3), nn.Linear(3, 200))
    model[1].weight = model[0].weight
    save(tmp_path / "model", model, {})
    assert (tmp_path / "model" / "weights.safetensors").stat().st_size < 4 * (200 * 3 + 200) + 500  # and a short header
    again = nn.Sequential(nn.Embedding(200, 3), nn.Linear(3, 200))
    again[1].weight = again[0].weight
    load_weights(tmp_path / "model", again)
    assert torch.equal(again[0].weight, model[0].weight)
    assert again[1].weight is again[0].weight


def test_saving_does_not_change_the_model(tmp_path):
    model = a_model()
    before = [p.detach().clone() for p in model.parameters()]
    save(tmp_path / "model", model, PARTS)
    assert all(torch.equal(a, b) and a.requires_grad for a, b in zip(model.parameters(), before))


def test_a_folder_is_a_model_or_not(tmp_path):
    assert is_model(saved(tmp_path))
    assert not is_model(tmp_path)
    assert not is_model(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["relative", "symbolic link"])
def test_a_model_may_be_named_in_other_ways(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    name = Path("model")
    if kind == "symbolic link":
        (tmp_path / "elsewhere").mkdir()
        name.symlink_to("elsewhere")
    for seed in (1, 2, 3):  # training saves at every best epoch
        save(name, a_model(seed), PARTS)
        assert holds(name, seed)


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_without_a_name_is_a_folder_all_the_same(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert not is_model(Path(name))
    with pytest.raises(InputError, match="is not a model directory"):
        read(Path(name))


def test_the_working_folder_is_not_replaced_where_it_holds_other_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="choose another `model_dir`"):
        save(Path("."), a_model(), PARTS)
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_a_check_leaves_everything_as_it_was(tmp_path):
    check(tmp_path / "model")
    assert os.listdir(tmp_path) == []
    directory = saved(tmp_path)
    check(directory)
    assert holds(directory, seed=1)
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("where, reason", [("file/model", "cannot be written"), ("file", "cannot be written"),
                                           (".", "contains files that are not a model")])
def test_a_check_refuses_what_a_save_would(tmp_path, where, reason):
    (tmp_path / "file").write_text("mine")
    for attempt in (lambda: check(tmp_path / where), lambda: save(tmp_path / where, a_model(), PARTS)):
        with pytest.raises(InputError, match=rf"{reason}.* choose another `model_dir`"):
            attempt()
    assert (tmp_path / "file").read_text() == "mine"
    assert os.listdir(tmp_path) == ["file"]


# what reading refuses


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(InputError, match=r"nowhere contains no model; train one first, or choose another `model_dir`"):
        read(tmp_path / "nowhere")


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"is not a model directory \(model.json is missing\)"):
        read(tmp_path)


@pytest.mark.parametrize("place", [0, 40, -1])
def test_one_damaged_byte_in_the_weights_is_found(tmp_path, place):
    path = saved(tmp_path) / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights.safetensors is damaged or was changed .* `retrain`"):
        read(path.parent)


@pytest.mark.parametrize("name", ["settings.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_truncated_or_missing_file_is_found(tmp_path, name, damage):
    path = saved(tmp_path) / name
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[:len(content) // 2])
    with pytest.raises(InputError, match=rf"{name} is damaged or was changed after it was saved"):
        read(path.parent)


@pytest.mark.parametrize("content", ['{"format": 1, "sha', "", "[]", "null", '{"format": 1}', '{"sha256": {}}',
                                     '{"format": 1, "sha256": null}', '"\udcff"'])
def test_a_damaged_manifest_is_refused(tmp_path, content):
    directory = saved(tmp_path)
    (directory / "model.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"model.json is damaged .*; use `retrain` to train again"):
        read(directory)


def test_another_format_is_refused(tmp_path):
    directory = saved(tmp_path)
    manifest = json.loads((directory / "model.json").read_text())
    (directory / "model.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(InputError, match=r"has format 99, but this version reads format 1; use `retrain`"):
        read(directory)


@pytest.mark.parametrize("other", [a_model(inputs=7), nn.Sequential(nn.Linear(3, 4)),
                                   nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(2, 2))],
                         ids=["another shape", "a part too many in the file", "a part missing in the file"])
def test_weights_that_do_not_fit_are_refused(tmp_path, other):
    with pytest.raises(InputError, match=r"weights.safetensors does not match the settings"):
        load_weights(saved(tmp_path), other)


def test_weights_that_are_none_are_refused(tmp_path):
    directory = saved(tmp_path)
    (directory / "weights.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match=r"weights\.safetensors does not match"):
        load_weights(directory, a_model())


# what saving refuses, and what survives


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("Error while serializing")])
def test_a_good_model_survives_a_failing_save(tmp_path, monkeypatch, error):
    directory = saved(tmp_path, seed=1)

    def fail(*_):
        raise error

    monkeypatch.setattr(checkpoint, "save_file", fail)
    reason = {"OSError": "No space left on device; free some disk space"}.get(type(error).__name__, str(error))
    with pytest.raises(InputError, match=rf"could not be written \({reason}\); the model saved before is unchanged"):
        save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=1)
    assert os.listdir(tmp_path) == ["model"]


def test_a_good_model_survives_an_interrupted_save(tmp_path, monkeypatch):
    directory = saved(tmp_path, seed=1)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=1)
    assert os.listdir(tmp_path) == ["model"]


def dies_at_rename(monkeypatch, number, error):
    """os.rename fails at its number-th call and works before and after."""
    rename, calls = os.rename, []

    def failing(source, target):
        calls.append(source)
        if len(calls) == number:
            raise error
        rename(source, target)

    monkeypatch.setattr(checkpoint.os, "rename", failing)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("number", [1, 2])
def test_a_good_model_survives_a_crash_at_either_rename(tmp_path, monkeypatch, number, error):
    directory = saved(tmp_path, seed=1)
    dies_at_rename(monkeypatch, number, error)
    with pytest.raises((KeyboardInterrupt, InputError)):
        save(directory, a_model(seed=2), PARTS)
    assert os.listdir(tmp_path) == ["model"]  # back at once, not only when next asked for
    assert is_model(directory)
    assert holds(directory, seed=1)


def after_a_crash(tmp_path):
    """A save died between its two renames: the good model bears the name of the old one."""
    directory = saved(tmp_path, seed=1)
    os.rename(directory, tmp_path / ".model.old")
    return directory


def test_after_a_crash_the_good_model_is_read_under_its_other_name_and_nothing_is_renamed(tmp_path):
    directory = after_a_crash(tmp_path)
    assert is_model(directory) and is_finished(directory)
    assert holds(directory, seed=1)
    check(directory)
    assert os.listdir(tmp_path) == [".model.old"]


def test_saving_never_brings_back_an_old_model_over_a_new_one(tmp_path):
    after_a_crash(tmp_path)
    os.rename(saved(tmp_path / "other", seed=2), tmp_path / "model")
    with training_lock(tmp_path / "model"):
        assert holds(tmp_path / "model", seed=2)


@pytest.mark.parametrize("asks", [is_model, is_finished, read, check])
def test_who_asks_between_the_two_renames_of_a_save_breaks_nothing(tmp_path, monkeypatch, asks):
    directory, rename = saved(tmp_path, seed=1), os.rename

    def asked_meanwhile(source, target):
        rename(source, target)
        asks(directory)

    monkeypatch.setattr(checkpoint.os, "rename", asked_meanwhile)
    save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=2)
    assert os.listdir(tmp_path) == ["model"]


def test_a_model_that_is_replaced_while_it_is_read_is_read_whole(tmp_path, monkeypatch):
    directory, read_json = saved(tmp_path, seed=1), json.loads
    new = {**PARTS, "settings": {"cell": "lstm", "layers": 3}}
    saves = [1]

    def replaced_meanwhile(text):
        if saves:
            saves.pop()
            save(directory, a_model(seed=2), new)
        return read_json(text)

    monkeypatch.setattr(checkpoint.json, "loads", replaced_meanwhile)
    assert read(directory) == new


# one training at a time


@pytest.mark.parametrize("finished", [True, False])
def test_a_model_says_whether_its_training_is_complete(tmp_path, finished):
    save(tmp_path / "model", a_model(), PARTS, finished)
    assert is_model(tmp_path / "model") and is_finished(tmp_path / "model") is finished
    assert not is_finished(tmp_path / "nowhere")


HOLDER = """
import sys, time, pathlib
sys.path.insert(0, {root!r})
from core.checkpoint import training_lock
with training_lock(pathlib.Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_a_second_training_is_refused_in_one_line_and_a_killed_one_frees_its_lock(tmp_path):
    directory = saved(tmp_path, seed=1)
    code = HOLDER.format(root=str(Path(__file__).parents[2]))
    holder = subprocess.Popen([sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "locked\n"
        one_line = r"model is in use by another training; wait until it has ended, or choose another `model_dir`$"
        with pytest.raises(InputError, match=one_line), training_lock(directory):
            pass
        with pytest.raises(InputError, match=one_line):
            save(directory, a_model(seed=2), PARTS)
        assert holds(directory, seed=1)  # reading needs no lock
    finally:
        holder.kill()
        holder.wait()
    with training_lock(directory):
        save(directory, a_model(seed=2), PARTS)  # the lock may be taken again by its holder
    assert holds(directory, seed=2)
    assert os.listdir(tmp_path) == ["model"]


def test_a_second_thread_is_refused_too(tmp_path):
    with training_lock(tmp_path / "model"), ThreadPoolExecutor(1) as pool:
        with pytest.raises(InputError, match="in use by another training"):
            pool.submit(save, tmp_path / "model", a_model(), PARTS).result()
        save(tmp_path / "model", a_model(), PARTS)


def test_a_lock_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("mine")
    with (pytest.raises(InputError, match=r"model cannot be written \(.+\); choose another `model_dir`"),
          training_lock(tmp_path / "file" / "model")):
        pass


def test_saving_after_a_crash_works(tmp_path):
    directory = after_a_crash(tmp_path)
    save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=2)
    assert os.listdir(tmp_path) == ["model"]


def test_a_save_that_fails_after_a_crash_still_leaves_the_good_model(tmp_path, monkeypatch):
    directory = after_a_crash(tmp_path)
    monkeypatch.setattr(checkpoint, "save_file", no_space)
    with pytest.raises(InputError):
        save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=1)


def test_a_save_whose_rename_fails_after_a_crash_still_leaves_the_good_model(tmp_path, monkeypatch):
    directory, rename = after_a_crash(tmp_path), os.rename

    def failing(source, target):  # the new folder cannot take its place; anything else can
        if Path(target) == directory and Path(source).name != ".model.old":
            no_space()
        rename(source, target)

    monkeypatch.setattr(checkpoint.os, "rename", failing)
    with pytest.raises(InputError, match="the model saved before is unchanged"):
        save(directory, a_model(seed=2), PARTS)
    assert holds(directory, seed=1)


def test_a_folder_that_holds_other_files_is_not_replaced(tmp_path):
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"model contains files that are not a model .* choose another `model_dir`"):
        save(directory, a_model(), PARTS)
    assert (directory / "thesis.txt").read_text() == "years of work"
    assert os.listdir(tmp_path) == ["model"]


def test_a_file_in_the_place_of_the_folder_is_not_replaced(tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(InputError, match="model cannot be written"):
        save(tmp_path / "model", a_model(), PARTS)
    assert (tmp_path / "model").read_text() == "mine"
    with pytest.raises(InputError, match="contains no model"):
        read(tmp_path / "model")


def test_a_parent_that_cannot_be_written_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match=r"model cannot be written \(.+\); choose another `model_dir`"):
        save(tmp_path / "file" / "model", a_model(), PARTS)


def test_a_folder_without_permission_is_named_with_the_remedy(tmp_path, monkeypatch):
    def forbidden(*_, **__):  # not by chmod: the administrator may write everywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoint.tempfile, "mkdtemp", forbidden)
    with pytest.raises(InputError, match=r"cannot be written \(Permission denied\); choose another `model_dir`"):
        save(tmp_path / "model", a_model(), PARTS)


def test_json_that_cannot_be_written_leaves_the_old_and_no_rest(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"月": 1})
    with pytest.raises(TypeError):
        write_json(path, {"月": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"月": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_json_that_cannot_take_its_place_leaves_the_old_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"月": 1})
    monkeypatch.setattr(checkpoint.os, "replace", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"月": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"月": 1}
    assert os.listdir(tmp_path) == ["a.json"]
