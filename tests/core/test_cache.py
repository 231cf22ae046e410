"""core/cache.py: a folder of files, made once and found again."""

import gc
import json
import os

import pytest

from core.cache import MANIFEST, digest, get_or_build


def maker(text="hello", calls=None):
    def make(folder):
        (folder / "file").write_text(text, encoding="utf-8")
        if calls is not None:
            calls.append(folder)
        return {"said": text}
    return make


def test_a_folder_is_made_once_and_found_again(tmp_path):
    calls = []
    first, again = (get_or_build(tmp_path / "place", "group", "key", maker(calls=calls)) for _ in range(2))
    assert len(calls) == 1 and first.path == again.path and first.metadata == again.metadata == {"said": "hello"}
    assert (again.path / "file").read_text(encoding="utf-8") == "hello"


def test_another_key_makes_another_and_takes_the_place_of_the_old_one_of_its_group_alone(tmp_path):
    old, other = get_or_build(tmp_path, "group", "one", maker()), get_or_build(tmp_path, "other group", "one", maker())
    new = get_or_build(tmp_path, "group", "two", maker("new"))
    assert sorted(tmp_path.iterdir()) == sorted([other.path, new.path]) and new.path != old.path


@pytest.mark.parametrize("harm", [
    lambda f: (f / "file").unlink(), lambda f: (f / "file").write_text("hell"), lambda f: (f / MANIFEST).unlink(),
    lambda f: (f / MANIFEST).write_text("{"), lambda f: (f / MANIFEST).write_text("[]"),
    lambda f: (f / MANIFEST).write_text(json.dumps({"files": {}}))])
def test_a_damaged_folder_is_made_anew(tmp_path, harm):
    calls = []
    harm(get_or_build(tmp_path, "group", "key", maker(calls=calls)).path)
    mended = get_or_build(tmp_path, "group", "key", maker(calls=calls))
    assert len(calls) == 2 and (mended.path / "file").read_text(encoding="utf-8") == "hello"
    assert list(tmp_path.iterdir()) == [mended.path]


def test_what_no_run_has_asked_for_in_sixty_days_goes_when_something_new_is_made(tmp_path):
    used, unused = (get_or_build(tmp_path, group, "key", maker()).path for group in ("used", "unused"))
    (tmp_path / "not of this program").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    get_or_build(tmp_path, "used", "key", maker())  # which counts as use
    new = get_or_build(tmp_path, "new", "key", maker()).path
    assert set(tmp_path.iterdir()) == {used, new, tmp_path / "not of this program"} and not unused.exists()


def test_without_a_place_the_folder_goes_with_its_object():
    folder = get_or_build(None, "group", "key", maker())
    path = folder.path
    assert (path / "file").is_file()
    del folder
    gc.collect()
    assert not path.exists()


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert get_or_build(tmp_path / "file" / "place", "group", "key", maker()).metadata == {"said": "hello"}


def test_a_place_that_is_full_stops_nothing_and_keeps_nothing(tmp_path):
    def full(folder):
        if folder.parent == tmp_path:
            raise OSError(28, "No space left on device")
        return maker()(folder)
    folder = get_or_build(tmp_path, "group", "key", full)
    assert (folder.path / "file").is_file() and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_broken_off_leaves_nothing_behind(tmp_path, monkeypatch, error, place):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(folder):
        (folder / "file").write_text("half", encoding="utf-8")
        raise error
    with pytest.raises(error):
        get_or_build(tmp_path if place else None, "group", "key", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_digest_tells_parts_apart():
    assert len({digest(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""])}) == 4
    assert digest(["a"]) == digest([b"a"])
