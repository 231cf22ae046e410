"""Data sets of the Hugging Face hub, from one on this machine that answers as the real one does, and from folders."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path
from unittest.mock import Mock

import pytest
from kinds import FORMATS, prepare

import corpora
import run
from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.shared.corpus import CorpusUnavailable

ROOT = Path(__file__).resolve().parents[2]
CARD = """---
license: cc-by-4.0
configs:
- config_name: plain
  default: true
  data_files:
  - {split: train, path: train.jsonl}
  - {split: validation, path: dev.jsonl}
  - {split: test, path: test.jsonl}
  - {split: unsupervised, path: more.jsonl}
- config_name: pairs
  data_files: pairs.jsonl
dataset_info:
- config_name: plain
  features:
  - {name: text, dtype: string}
  - {name: score, dtype: float64}
  - name: label
    dtype: {class_label: {names: {'0': poor, '1': good}}}
---
"""


def lines(*items):
    return "".join(json.dumps(item) + "\n" for item in items)


def rows(word, count):
    return lines(*({"text": f"{word} {i}", "score": 0.5, "label": i % 2} for i in range(count)))


TINY = {"README.md": CARD, "train.jsonl": rows("red", 80), "dev.jsonl": rows("blue", 10), "more.jsonl": rows("grey", 3),
        "test.jsonl": rows("green", 12) + lines({"text": "secret", "score": 0.5, "label": -1}),
        "pairs.jsonl": lines(*({"translation": {"de": f"eins {i}", "en": f"one {i}"}} for i in range(20)))}


EXPORT = "the branch of the export"  # in one word, as the others


class Hub(http.server.ThreadingHTTPServer):
    """files: of each data set, by revision; closed: how it refuses to give one; asked: what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.files, self.closed, self.asked, self.is_down, self.cut = {}, {}, [], False, False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def put(self, name, files, revision="main"):
        """The new commit."""
        content = {file: text.encode() if isinstance(text, str) else text for file, text in files.items()}
        commit = hashlib.sha1(repr(sorted(content.items())).encode()).hexdigest()
        self.files.setdefault(name, {}).update({revision: (commit, content), commit: (commit, content)})
        return commit


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:len(body) // 2] if self.server.cut else body)
            self.close_connection = self.server.cut

    def do_GET(self):
        hub, body = self.server, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).replace("refs/convert/parquet", EXPORT)
        hub.asked.append(f"{self.command} {path}")
        if hub.is_down:
            self.close_connection = True
            return None
        for name, revisions in hub.files.items():
            path += "/revision/main" * (path == f"/api/datasets/{name}")
            for call in (f"/datasets/{name}/resolve/", f"/api/datasets/{name}/tree/", f"/api/datasets/{name}/revision/",
                         f"/api/datasets/{name}/paths-info/"):
                if path.startswith(call):
                    revision, _, file = path.removeprefix(call).partition("/")
                    if name in hub.closed:
                        code, error = hub.closed[name]
                        return self.answer(code, X_Error_Code=error)
                    if revision not in revisions:
                        return self.answer(404, X_Error_Code="RevisionNotFound")
                    return self.give(call, *revisions[revision], file, body)
        return self.answer(401, X_Error_Code="RepoNotFound")  # which names exist is told to nobody without a token

    def give(self, call, commit, files, name, body):
        if "/resolve/" in call:
            if name not in files:
                return self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
            etag = hashlib.sha256(files[name]).hexdigest()
            return self.answer(200, files[name], X_Repo_Commit=commit, ETag=f'"{etag}"')
        said = [{"type": "file", "path": file, "size": len(text), "oid": hashlib.sha1(text).hexdigest()}
                for file, text in files.items()]
        if "/tree/" in call:  # of one folder
            folders = {str(Path(file).parent) for file in files} - {"."}
            said = [{"type": "directory", "path": folder, "oid": "0" * 40} for folder in folders if not name] + [
                file for file in said if file["path"].rpartition("/")[0] == name]
        if "/paths-info/" in call:
            asked = json.loads(body)["paths"]
            said = [file for file in said if file["path"] in asked]
        if "/revision/" in call:
            said = {"id": call.split("/")[3], "sha": commit, "siblings": [
                {"rfilename": file, "size": len(text)} for file, text in files.items()]}
        return self.answer(200, json.dumps(said).encode(), Content_Type="application/json")

    do_HEAD = do_POST = do_GET  # noqa: N815


@pytest.fixture(scope="module")
def settings_of_the_library(tmp_path_factory):
    """Its address and its cache, which it reads once, when it is imported."""
    assert "huggingface_hub" not in sys.modules
    server = Hub()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        patch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN"):
            patch.delenv(name, raising=False)
        pytest.importorskip("huggingface_hub")
        yield server


@pytest.fixture
def hub(settings_of_the_library, monkeypatch):
    server = settings_of_the_library
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between its attempts
    server.put("me/tiny", TINY)
    server.asked.clear()
    yield server
    server.is_down = server.cut = False


@pytest.fixture
def offline(monkeypatch):
    def go():
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return go


def find(name, task="classify", **settings):
    return corpora.find([name], FORMATS[task], CorpusSettings(**settings))


def read(name, task="classify", **settings):
    items = list(find(name, task, **settings).examples())
    return [(e.source, e.target, e.split) for e in items if isinstance(e, Example)], [
        (d.file, d.line, d.reason) for d in items if isinstance(d, Rejected)]


def parquet(path, columns, features=None):
    """The bytes of a Parquet file, with the features that the package datasets writes into its schema."""
    pyarrow, written = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table(columns)
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    written.write_table(table, path)
    return path.read_bytes()


@pytest.fixture
def exported(hub, tmp_path):
    """me/exported, which has a script only, as the hub has converted it."""
    label = {"label": {"names": ["poor", "good"], "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    for split, count in (("train", 80), ("validation", 10), ("test", 12)):
        rows = {"text": [f"{split} {i}" for i in range(count)], "label": [i % 2 for i in range(count)],
                "picture": [b"\xff" * 100] * count}
        half = count // 2
        hub.files.setdefault("parts", {})[split] = [
            parquet(tmp_path / "a", {name: column[:half] for name, column in rows.items()}, label),
            parquet(tmp_path / "b", {name: column[half:] for name, column in rows.items()}, label)]
    parts = hub.files.pop("parts")
    commit = hub.put("me/exported", {f"plain/{split}/{i:04}.parquet": data for split, several in parts.items()
                                     for i, data in enumerate(several)}, revision=EXPORT)
    hub.put("me/exported", {"exported.py": "raise SystemExit('run')", "README.md": "---\nlicense: mit\n---\n"})
    return commit


# what is read


def test_the_export_of_the_hub_is_read_and_no_program_is_run(hub, exported):
    found, rejected = read("hf:me/exported")
    assert found[:2] == [("train 0", "poor", "train"), ("train 1", "good", "train")] and not rejected
    assert [split for *_, split in found] == ["train"] * 80 + ["dev"] * 10 + ["test"] * 12
    corpus = find("hf:me/exported")
    assert corpus.licence == "mit" and "configuration plain" in corpus.title and corpus.notes == ()
    assert corpus.origin == f"https://huggingface.co/datasets/me/exported at revision {exported}"
    assert corpus.size.endswith(" bytes in 6 files") and corpus.names == ("hf:me/exported",)
    assert not any("exported.py" in call for call in hub.asked)


def test_a_split_that_the_hub_has_exported_in_part_is_reported(hub, tmp_path):
    data = parquet(tmp_path / "a", {"text": ["a"], "label": ["x"]})
    hub.put("me/part", {"default/partial-train/0000.parquet": data}, revision=EXPORT)
    hub.put("me/part", {"a.csv": "text,label\na,x\nb,y\n"})
    assert read("hf:me/part")[0] == [("a", "x", "")]
    [note] = find("hf:me/part").notes
    assert "only the first part of train" in note and "hf:me/part@main reads" in note
    assert len(read("hf:me/part@main")[0]) == 2


def test_splits_are_kept_labels_have_names_and_unread_splits_are_reported(hub):
    found, rejected = read("hf:me/tiny")
    assert found[:2] == [("red 0", "poor", "train"), ("red 1", "good", "train")]
    assert [split for *_, split in found] == ["train"] * 80 + ["dev"] * 10 + ["test"] * 12
    assert rejected == [("test.jsonl", 13, "label without a name")]  # -1 is a label that is kept secret
    assert find("hf:me/tiny").notes == (
        "hf:me/tiny: not read: unsupervised; only splits for train, validation and test are",)
    assert find("hf:me/tiny").citation == "see https://huggingface.co/datasets/me/tiny"


def test_licence_and_size_are_known_before_anything_is_fetched(hub):
    commit = hub.put("me/tiny", {**TINY, "new": "told"})
    corpus = find("hf:me/tiny")
    assert corpus.name == "hf:me/tiny" and corpus.licence == "cc-by-4.0"
    assert corpus.origin == f"https://huggingface.co/datasets/me/tiny at revision {commit}"
    size = sum(len(TINY[name]) for name in ("train.jsonl", "dev.jsonl", "test.jsonl"))
    assert "configuration plain" in corpus.title and corpus.size == f"{size:,} bytes in 3 files"
    assert not any("jsonl" in call for call in hub.asked)


def test_a_second_configuration_of_one_split_has_columns_inside_another(hub):
    columns = {"source_column": "translation.de", "target_column": "translation.en"}
    found, _ = read("hf:me/tiny:pairs", "translate", **columns)
    assert found[:1] == [("eins 0", "one 0", "")] and {split for *_, split in found} == {""}
    dataset = prepare(find("hf:me/tiny:pairs", "translate", **columns))
    assert dataset.train and dataset.dev and dataset.test


@pytest.mark.parametrize("files,licence", [
    ({"data.csv": "text,label\na,x\nb,y\n"}, "see its page"),
    ({"data.jsonl": lines({"text": "a", "label": "x"}, {"text": "b", "label": "y"}), "README.md": "# About"},
     "see its page"),
    ({"data.json": json.dumps([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]),
      "README.md": "---\nlicense: [mit, other]\nlicense_name: ours\n---\n"}, "mit, other, ours")])
def test_files_alone_are_a_data_set(hub, files, licence):
    hub.put("me/files", files)
    assert read("hf:me/files")[0] == [("a", "x", ""), ("b", "y", "")]
    assert find("hf:me/files").licence == licence


def test_parquet_with_label_names_inside_a_column(hub, tmp_path):
    features = {"more": {"class": {"names": ["no", "yes"], "_type": "ClassLabel"}}}
    data = parquet(tmp_path / "a", {"text": ["a", "b", "c"], "many": [[1], [], [2, 3]],
                                    "more": [{"class": 1}, {"class": None}, {"class": 0}]}, features)
    hub.put("me/parquet", {"data/train-0.parquet": data})
    assert read("hf:me/parquet", target_column="more.class") == (
        [("a", "yes", ""), ("c", "no", "")], [("", 2, 'no text under "more.class"')])


@pytest.mark.parametrize("names,splits,note", [
    (("train_a", "train_b", "validation_matched"), {"train", "dev"}, ""),
    (("dev", "devtest"), {""}, "has no training split, so all of it is split here: dev, devtest"),
    (("unsupervised",), {""}, "")])
def test_which_split_is_which(hub, names, splits, note):
    files = "".join(f"  - {{split: {name}, path: {name}.csv}}\n" for name in names)
    hub.put("me/splits", {"README.md": f"---\nconfigs:\n- config_name: a\n  data_files:\n{files}---\n",
                          **{f"{name}.csv": f"text,label\n{name},x\n" for name in names}})
    found, _ = read("hf:me/splits")
    assert [text for text, *_ in found] == list(names) and {split for *_, split in found} == splits
    notes = find("hf:me/splits").notes
    assert len(notes) == bool(note) and note in " ".join(notes)


@pytest.mark.parametrize("entry,found", [
    ("data_files: 'data/*.csv'", ["one", "two"]), ("data_dir: data", ["one", "two"]),
    ("data_files: ['**/one.csv', other.csv]", ["one", "other"]),
    ("data_dir: data\n  data_files: [{split: train, path: one.csv}, {split: test, path: 't*.csv'}]", ["one", "two"])])
def test_the_files_of_a_configuration_may_be_patterns(hub, entry, found):
    hub.put("me/patterns", {"README.md": f"---\nconfigs:\n- config_name: a\n  {entry}\n---\n", **{
        name: f"text,label\n{Path(name).stem},x\n" for name in ("data/one.csv", "data/two.csv", "other.csv")}})
    assert [text for text, *_ in read("hf:me/patterns")[0]] == found


def test_without_configurations_the_most_frequent_format_and_the_folder_of_that_name_are_read(hub):
    hub.put("me/plain", {"train.csv": "text,label\na,x\n", "test.csv": "text,label\nb,x\n", "about.json": "{}",
                         "en/all.csv": "text,label\nc,x\n", ".hidden.csv": "text,label\nd,x\n"})
    assert {(text, split) for text, _, split in read("hf:me/plain")[0]} == {("a", "train"), ("b", "test")}
    assert [text for text, *_ in read("hf:me/plain:en")[0]] == ["c"]


def test_a_column_split_is_kept_where_there_is_one_split_only(hub):
    hub.put("me/column", {"a.csv": "text,label,split\na,x,train\nb,y,test\n"})
    assert read("hf:me/column")[0] == [("a", "x", "train"), ("b", "y", "test")]


def test_which_texts_must_be_new_depends_on_the_format(hub):
    hub.put("me/words", {"a.csv": "word,target\n" + "".join(f"spring {i % 4},text {i}\n" for i in range(200))})
    assert find("hf:me/words", "word").disjoint_fields is None
    assert prepare(find("hf:me/words", "word")).many_targets
    assert not prepare(find("hf:me/tiny", "classify")).many_targets


# columns


def test_of_two_columns_naming_one_is_enough(hub, tmp_path):
    hub.put("me/two", {"train.jsonl": lines(*({"de": f"eins {i}", "en": f"one {i}"} for i in range(30)))})
    hub.put("me/both", {"a.parquet": parquet(tmp_path / "a", {"de": ["eins 0"], "en": ["one 0"]})})
    for settings in ({"source_column": "en"}, {"target_column": "de"}):
        for name in ("hf:me/two", "hf:me/both"):
            assert read(name, "translate", **settings)[0][0][:2] == ("one 0", "eins 0")


@pytest.mark.parametrize("settings,said", [
    ({"source_column": "body"}, "`source_column` body is not a column of hf:me/exported/plain/train/0000.parquet, "
                                "which has: text, label, picture"),
    ({"target_column": "picture"}, "`target_column` picture of hf:me/exported/plain/train/0000.parquet is binary; it "
                                   "must hold texts, labels or numbers"),
    ({"target_column": "text", "source_column": "label"}, "")])
def test_a_wrong_column_is_refused_once_one_file_is_fetched(hub, exported, refused, settings, said):
    if not said:
        assert read("hf:me/exported", **settings)[0][0] == ("poor", "train 0", "train")
        return
    hub.asked.clear()
    assert refused(lambda: read("hf:me/exported", **settings)) == said
    assert not any("0001.parquet" in call for call in hub.asked)


def test_without_usual_names_the_columns_must_be_chosen(hub, tmp_path, refused):
    data = parquet(tmp_path / "a", {"translation.": ["a"], "both": [{"de": "eins", "en": "one"}]})
    hub.put("me/names", {"a.parquet": data})
    said = refused(lambda: read("hf:me/names", "translate"))
    assert said == "`source_column` must be given for hf:me/names/a.parquet, which has: translation., both.de, both.en"


def test_an_encoding_is_for_text(hub):
    hub.put("me/gbk", {"a.csv": "text,label\n你好，世界,x\n".encode("gbk")})
    assert read("hf:me/gbk", encoding="gbk")[0] == [("你好，世界", "x", "")]


# revisions, and the cache


def test_a_revision_is_read_and_kept_apart(hub):
    old = hub.put("me/moving", {"a.csv": "text,label\nold,x\n"})
    new = hub.put("me/moving", {"a.csv": "text,label\nnew,x\n"})
    hub.put("me/moving", {"a.csv": "text,label\nbranch,x\n"}, revision="v1")
    assert [read(f"hf:me/moving{at}")[0][0][0] for at in ("", f"@{old}", f"@{new}", "@v1")] == [
        "new", "old", "new", "branch"]
    assert find("hf:me/moving").version() == find(f"hf:me/moving@{new}").version() != find("hf:me/moving@v1").version()


@pytest.mark.parametrize("name", ["hf:me/tiny", "hf:me/exported"])
def test_what_was_prepared_is_found_again_with_nothing_fetched(hub, exported, offline, notes, name):
    hub.put("me/tiny", {**TINY, "new": "again"})
    first = prepare(find(name))
    version, licence = find(name).version(), find(name).licence
    hub.asked.clear()
    assert prepare(find(name)).identity() == first.identity()
    assert not any(call.startswith("GET /datasets") for call in hub.asked)
    offline()
    hub.asked.clear()
    notes.clear()
    corpus = find(name)
    assert corpus.version() == version and prepare(corpus).identity() == first.identity()
    assert notes == [f"{name}: the hub does not answer; reading the cache"]
    assert corpus.licence == licence and not hub.asked


def test_when_the_hub_is_down_the_cache_is_read_as_far_as_it_goes(hub, notes, refused):
    hub.put("me/down", {**TINY, "new": "down"})
    corpus = find("hf:me/down")
    hub.is_down = True
    said = refused(lambda: list(corpus.examples()), CorpusUnavailable)
    assert said.startswith("hf:me/down: the hub does not answer (") and "and HF_ENDPOINT" in said
    hub.is_down = False
    assert len(read("hf:me/down")[0]) == 102
    hub.is_down = True
    assert len(read("hf:me/down")[0]) == 102 and notes == ["hf:me/down: the hub does not answer; reading the cache"]


def test_offline_the_revision_asked_for_is_read_or_none(hub, offline, refused):
    hub.put("me/two", {"README.md": "new", "a.csv": "text,label\nnew,x\n"})
    hub.put("me/two", {"README.md": "old", "a.csv": "text,label\nold,x\n"}, revision="v1")
    hub.put("me/two", {"README.md": "odd", "a.csv": "text,label\nodd,x\n"}, revision="v2")
    for at in ("", "@v1"):
        read(f"hf:me/two{at}")
    offline()
    assert [read(f"hf:me/two{at}")[0][0][0] for at in ("", "@v1")] == ["new", "old"]
    said = refused(lambda: find("hf:me/two@v2"), CorpusUnavailable)
    assert said == "hf:me/two@v2: is not in the cache, and HF_HUB_OFFLINE is set; unset it to download"


# what can go wrong


@pytest.mark.parametrize("name,said", [
    ("hf:", "is not the name of a data set; give hf:NAME"),
    ("hf:a b", "is not the name of a data set; give hf:NAME"),
    ("hf:a/b/c", "is not the name of a data set; give hf:NAME"),
    ("hf:a--b", "cannot be read (HFValidationError: "),
    ("hf:./missing", "no such folder; give hf:NAME"),
    ("hf:me/none", "no such data set on the hub, or a private one; check the name, or log in with: hf auth login"),
    ("hf:me/tiny:odd", "has no configuration odd; choose one with hf:me/tiny:CONFIGURATION from: plain, pairs"),
    ("hf:me/gated@odd", "is gated"),
    ("hf:me/code@odd", "has no revision odd; https://huggingface.co/datasets/me/code/tree/main lists branches"),
    ("hf:me/gated", "is gated; ask for access on https://huggingface.co/datasets/me/gated, then log in with: hf auth"),
    ("hf:me/code", "needs a dataset script; n2m never runs those"),
    ("hf:me/empty", "has no files ending in .tsv, .csv, "),
    ("hf:me/several", "has several configurations; choose one with hf:me/several:CONFIGURATION from: a, b"),
    ("hf:me/card", "its README.md is damaged (")])
def test_an_unavailable_data_set_is_refused_in_one_line(hub, refused, monkeypatch, name, said):
    monkeypatch.chdir(ROOT)
    hub.put("me/gated", TINY)
    hub.closed["me/gated"] = 403, "GatedRepo"
    hub.put("me/code", {"code.py": "raise SystemExit('run')"})
    hub.put("me/empty", {"README.md": "# Nothing"})
    hub.put("me/several", {"README.md": "---\nconfigs:\n- {config_name: a, data_files: a.csv}\n"
                                        "- {config_name: b, data_files: a.csv}\n---\n", "a.csv": "text,label\na,x\n"})
    hub.put("me/card", {"README.md": "---\nconfigs: [\n---\n", "a.csv": "text,label\na,x\n"})
    assert f"{name}: {said}" in refused(lambda: read(name))


def test_a_damaged_file_is_named_and_one_unlike_the_others_is_counted(hub, refused):
    hub.put("me/damaged", {"a.parquet": b"PAR1 no Parquet PAR1"})
    assert refused(lambda: read("hf:me/damaged")).startswith(
        "hf:me/damaged/a.parquet: is not a Parquet file, or is damaged (Parquet")
    hub.put("me/unlike", {"a.jsonl": rows("a", 3), "b.jsonl": lines({"other": 1})})
    assert len(read("hf:me/unlike")[0]) == 3 and read("hf:me/unlike")[1] == [
        ("b.jsonl", 1, 'no text under "source" or "text"')]


def test_no_answer_and_half_an_answer_are_refused(hub, refused):
    hub.is_down = True
    said = refused(lambda: find("hf:me/unheard"), CorpusUnavailable)
    assert said.startswith("hf:me/unheard: the hub does not answer (")
    assert said.endswith("the data set is not in the cache; check the network and HF_ENDPOINT")
    hub.is_down = False
    hub.put("me/half", TINY)
    corpus = find("hf:me/half")
    hub.cut = True
    assert refused(lambda: list(corpus.examples())).startswith("hf:me/half: ")
    hub.cut = False
    assert len(read("hf:me/half")[0]) == 102


@pytest.mark.parametrize("error,said", [
    (OSError(28, "No space left on device"), "No space left on device; free some disk space"),
    (PermissionError(13, "Permission denied"), "Permission denied")])
def test_a_full_disk_or_a_closed_one_is_named(hub, refused, monkeypatch, error, said):
    corpus = find("hf:me/tiny")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", Mock(side_effect=error))
    assert refused(lambda: list(corpus.examples())) == (
        f"hf:me/tiny: cannot be written ({said}); set HF_HOME to another folder")


def test_without_the_package_the_error_names_it(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert refused(lambda: find("hf:me/tiny")) == (
        "hf:me/tiny: needs the package huggingface_hub; pip install huggingface_hub")


def test_the_package_is_not_imported_before_it_is_needed():
    code = "import sys, run, corpora; assert not {'huggingface_hub', 'pyarrow', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_the_library_logs_and_draws_as_before_once_it_has_been_used(hub, capfd):
    import logging

    import huggingface_hub.utils as utils
    before = utils.are_progress_bars_disabled(), logging.getLogger("huggingface_hub").level
    read("hf:me/tiny")
    assert (utils.are_progress_bars_disabled(), logging.getLogger("huggingface_hub").level) == before
    assert capfd.readouterr().err == ""


# folders


def test_a_folder_laid_out_like_a_data_set_is_read_again_when_a_file_changes(hub, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    for name, text in TINY.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(read("hf:.")[0]) == 102 and find("hf:.").licence == "cc-by-4.0"
    before = find("hf:.").version()
    assert find(f"hf:{tmp_path}").version() == before and find("hf:.").names == (f"hf:{tmp_path}",)
    (tmp_path / "train.jsonl").write_text(rows("new", 80), encoding="utf-8")
    assert read("hf:.")[0][0] == ("new 0", "poor", "train") and find("hf:.").version() != before
    columns = {"source_column": "translation.en", "target_column": "translation.de"}
    assert len(read("hf:./:pairs", "translate", **columns)[0]) == 20
    assert "from: plain, pairs" in refused(lambda: find("hf:.:odd"))
    (tmp_path / "README.md").unlink()
    assert find("hf:.").licence == "yours" and "not read: more, pairs" in find("hf:.").notes[0]
    for name in TINY:
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / f"{tmp_path.name}.py").touch()
    assert refused(lambda: find("hf:.")) == "hf:.: needs a dataset script; n2m never runs those"
    assert not hub.asked


# the command line


def test_a_corpus_is_shown_and_checked_and_refused(hub, capsys):
    assert run.main(["corpora", "show", "hf:me/tiny", "--task", "classify"]) == 0
    shown = capsys.readouterr().out
    assert "licence: cc-by-4.0\n  from https://huggingface.co/datasets/me/tiny at revision" in shown
    assert "80 train, 10 dev, 12 test" in shown and "cite: see https://" in shown
    assert run.main(["corpora", "check", "hf:me/tiny", "--task", "classify"]) == 0
    assert run.main(["--task", "classify", "--corpus", "hf:me/none"]) == 2
    assert [line for line in capsys.readouterr().err.splitlines() if "me/none" in line and "run.py" in line] == [
        "run.py: hf:me/none: no such data set on the hub, or a private one; check the name, or log in with: "
        "hf auth login"]


def test_a_model_is_trained_offline_and_its_corpus_is_found_again(hub, tmp_path):
    list(find("hf:me/tiny").examples())
    command = [sys.executable, str(ROOT / "run.py"), "--task", "classify", "--corpus", "hf:me/tiny", "--epochs", "1",
               "--embedding-size", "8", "--state-size", "8", "--precision", "fp32", "--model-dir", "model"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, cwd=tmp_path,
                          env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0 and "80 train, 10 dev, 12 test" in done.stderr, done.stderr
    about = json.loads((tmp_path / "model/training.json").read_text(encoding="utf-8"))["corpus"]
    again = prepare(corpora.find(about["given"], FORMATS["classify"], CorpusSettings(**about["reading"])),
                    about["script"])
    assert again.checksum == about["checksum"] and about["licence"] == "cc-by-4.0"
