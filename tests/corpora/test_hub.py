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
from kinds import prepare

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
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
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
            said = {"id": call.split("/")[3], "sha": commit, "siblings": []}
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
        for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_TOKEN"):
            patch.delenv(name, raising=False)
        pytest.importorskip("datasets")
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
        monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    return go


def find(name, task="classify", **settings):
    return find([name], task, CorpusSettings(**settings))


def read(name, task="classify", **settings):
    items = list(find(name, task, **settings).examples())
    return [(e.source, e.target, e.split) for e in items if isinstance(e, Example)], [
        (d.file, d.line, d.reason) for d in items if isinstance(d, Rejected)]


# what is read


def test_splits_are_kept_labels_have_names_and_what_is_not_read_is_said(hub):
    found, dropped = read("hf:me/tiny")
    assert found[:2] == [("red 0", "poor", "train"), ("red 1", "good", "train")]
    assert [part for *_, part in found] == ["train"] * 80 + ["dev"] * 10 + ["test"] * 12
    assert dropped == [("test", 13, 'no text under "label"')]  # -1 is a label that is kept secret
    assert find("hf:me/tiny").notes == (
        "hf:me/tiny: not read: unsupervised; only splits for train, validation and test are",)
    assert find("hf:me/tiny").citation == "see https://huggingface.co/datasets/me/tiny"


def test_what_is_known_of_it_is_told(hub):
    commit = hub.put("me/tiny", {**TINY, "new": "told"})
    corpus = find("hf:me/tiny")
    assert corpus.name == "hf:me/tiny" and corpus.licence == "cc-by-4.0"
    assert corpus.origin == f"https://huggingface.co/datasets/me/tiny at revision {commit}"
    assert "configuration plain" in corpus.title and corpus.size == "size known once it is fetched"
    list(corpus.examples())
    assert find("hf:me/tiny").size == "103 examples"


def test_a_second_configuration_of_one_split_has_columns_inside_another(hub):
    columns = {"source_column": "translation.de", "target_column": "translation.en"}
    found, _ = read("hf:me/tiny:pairs", "translate", **columns)
    assert found[:1] == [("eins 0", "one 0", "")] and {part for *_, part in found} == {""}
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


def test_parquet_with_features_of_its_own(hub, tmp_path):
    import datasets
    features = datasets.Features({"text": datasets.Value("string"), "more": {
        "class": datasets.ClassLabel(names=["no", "yes"])}, "many": datasets.List(datasets.Value("int64"))})
    table = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "many": [[1], [], [2, 3]], "more": [
        {"class": 1}, {"class": None}, {"class": 0}]}, features=features)
    table.to_parquet(tmp_path / "a.parquet")
    hub.put("me/parquet", {"data/train-0.parquet": (tmp_path / "a.parquet").read_bytes()})
    assert read("hf:me/parquet", target_column="more.class") == (
        [("a", "yes", ""), ("c", "no", "")], [("", 2, 'no text under "more.class"')])


@pytest.mark.parametrize("names,parts,note", [
    (("train_a", "train_b", "validation_matched"), {"train", "dev"}, ""),
    (("dev", "devtest"), {""}, "has no training split, so all of it is split anew: dev, devtest"),
    (("unsupervised",), {""}, "")])
def test_which_split_is_which(hub, names, parts, note):
    files = "".join(f"  - {{split: {name}, path: {name}.csv}}\n" for name in names)
    hub.put("me/splits", {"README.md": f"---\nconfigs:\n- config_name: a\n  data_files:\n{files}---\n",
                          **{f"{name}.csv": f"text,label\n{name},x\n" for name in names}})
    found, _ = read("hf:me/splits")
    assert [text for text, *_ in found] == list(names) and {part for *_, part in found} == parts
    notes = find("hf:me/splits").notes
    assert len(notes) == bool(note) and note in " ".join(notes)


def test_a_column_split_is_kept_where_there_is_one_split_only(hub):
    hub.put("me/column", {"a.csv": "text,label,split\na,x,train\nb,y,test\n"})
    assert read("hf:me/column")[0] == [("a", "x", "train"), ("b", "y", "test")]


def test_which_texts_are_exclusive_depends_on_the_task(hub):
    hub.put("me/words", {"a.csv": "word,target\n" + "".join(f"spring,text {i}\n" for i in range(9))})
    assert find("hf:me/words", "word").disjoint_fields == ("target",)
    assert find("hf:me/words", "poem").disjoint_fields == ("source", "target", "context")
    assert find("hf:me/words", "translate").disjoint_fields == ("source",)
    assert {e.key for e in find("hf:me/words", "word").examples()} == {f"text {i}" for i in range(9)}


# columns


def test_of_two_columns_one_tells_the_other(hub):
    hub.put("me/two", {"train.jsonl": lines(*({"de": f"eins {i}", "en": f"one {i}"} for i in range(30)))})
    for settings in ({"source_column": "en"}, {"target_column": "de"}):
        assert read("hf:me/two", "translate", **settings)[0][0][:2] == ("one 0", "eins 0")


@pytest.mark.parametrize("settings,said", [
    ({"source_column": "body"}, "`source_column` body: is not a column of hf:me/tiny, which has: text, score, label"),
    ({"target_column": "score"}, "`target_column` score: of hf:me/tiny is ")])
def test_a_wrong_column_is_refused_before_anything_is_fetched(hub, refused, settings, said):
    card = CARD.replace("{name: score, dtype: float64}", "{name: score, list: string}")
    hub.put("me/tiny", {**TINY, "README.md": card, "new": said})
    message = refused(lambda: find("hf:me/tiny", **settings))
    assert message.startswith(said) and ("it has: " in message or "must be texts, labels or numbers" in message)
    assert hub.asked and not any("train.jsonl" in call for call in hub.asked)


def test_without_usual_names_the_columns_must_be_chosen(hub, refused):
    said = refused(lambda: read("hf:me/tiny:pairs", "translate"))
    assert said.startswith("`source_column` must be given for hf:me/tiny:pairs, which has: translation.de, ")


def test_an_encoding_is_for_files(hub, refused):
    assert "`encoding` gbk" in refused(lambda: find("hf:me/tiny", encoding="gbk"))


# revisions, and the cache


def test_a_revision_is_read_and_kept_apart(hub):
    old = hub.put("me/moving", {"a.csv": "text,label\nold,x\n"})
    new = hub.put("me/moving", {"a.csv": "text,label\nnew,x\n"})
    hub.put("me/moving", {"a.csv": "text,label\nbranch,x\n"}, revision="v1")
    assert [read(f"hf:me/moving{at}")[0][0][0] for at in ("", f"@{old}", f"@{new}", "@v1")] == [
        "new", "old", "new", "branch"]
    assert find("hf:me/moving").version() == find(f"hf:me/moving@{new}").version() != find("hf:me/moving@v1").version()


def test_what_was_prepared_is_found_again_with_nothing_fetched(hub, offline):
    hub.put("me/tiny", {**TINY, "new": "again"})
    first = prepare(find("hf:me/tiny"))
    version = find("hf:me/tiny").version()
    hub.asked.clear()
    assert prepare(find("hf:me/tiny")).identity() == first.identity()
    assert not any(call.startswith("GET /datasets") for call in hub.asked)
    offline()
    hub.asked.clear()
    corpus = find("hf:me/tiny")
    assert corpus.version() == version and prepare(corpus).identity() == first.identity()
    assert corpus.notes[0].startswith("hf:me/tiny: cannot be had from the hub now; read from the cache: configuration ")
    assert corpus.licence == "cc-by-4.0" and not hub.asked


def test_offline_the_revision_asked_for_is_read_or_none(hub, offline, refused):
    new = hub.put("me/two", {"README.md": "new", "a.csv": "text,label\nnew,x\n"})
    hub.put("me/two", {"README.md": "old", "a.csv": "text,label\nold,x\n"}, revision="v1")
    hub.put("me/two", {"README.md": "odd", "a.csv": "text,label\nodd,x\n"}, revision="v2")
    for at in ("", "@v1"):
        read(f"hf:me/two{at}")
    offline()
    assert [read(f"hf:me/two{at}")[0][0][0] for at in ("", f"@{new}", "@v1")] == ["new", "new", "old"]
    said = refused(lambda: find("hf:me/two@v2"), CorpusUnavailable)
    assert "cannot be had from the hub now, and the cache has revision" in said and "not v2; name that one" in said


def test_what_is_not_in_the_cache_cannot_be_had_offline(hub, offline, refused):
    offline()
    assert "HF_HUB_OFFLINE forbids" in refused(lambda: find("hf:me/other"), CorpusUnavailable)


# what can go wrong


@pytest.mark.parametrize("name,said", [
    ("hf:", "names no data set; give hf:NAME"),
    ("hf:a b", "names no data set; give hf:NAME"),
    ("hf:a/b/c", "names no data set; give hf:NAME"),
    ("hf:a--b", "cannot be read (HFValidationError: "),
    ("hf:csv", "is a format of files"),
    ("hf:./missing", "no such folder; give hf:NAME"),
    ("hf:corpora", "there is a folder corpora here too; hf:./corpora reads it"),
    ("hf:me/none", "no such data set on the hub, or a private one; check the name, or log in with: hf auth login"),
    ("hf:me/tiny:odd", "has no configuration odd; choose with hf:me/tiny:CONFIGURATION from: plain, pairs"),
    ("hf:me/gated@odd", "is gated"),
    ("hf:me/code@odd", "has no revision odd; https://huggingface.co/datasets/me/code/tree/main shows its branches"),
    ("hf:me/gated", "is gated; ask for access on https://huggingface.co/datasets/me/gated, then log in with: hf auth"),
    ("hf:me/code", "is made by a program of its own, which is never run; its copy as files, if any, is hf:me/code@"),
    ("hf:me/empty", "contains no files that the package datasets reads"),
    ("hf:me/several", "has several configurations; choose with hf:me/several:CONFIGURATION from: a, b"),
    ("hf:me/card", "a file of it is damaged"),
    ("hf:me/damaged", "a file of it is damaged, or unlike the others (Parquet"),
    ("hf:me/unlike", "a file of it is damaged, or unlike the others (Couldn't cast")])
def test_what_cannot_be_had_is_refused_in_one_line(hub, refused, monkeypatch, name, said):
    monkeypatch.chdir(ROOT)
    hub.put("me/gated", TINY)
    hub.closed["me/gated"] = 403, "GatedRepo"
    hub.put("me/code", {"code.py": "raise SystemExit('run')"})
    hub.put("me/empty", {"README.md": "# Nothing"})
    hub.put("me/several", {"README.md": "---\nconfigs:\n- {config_name: a, data_files: a.csv}\n"
                                        "- {config_name: b, data_files: a.csv}\n---\n", "a.csv": "text,label\na,x\n"})
    hub.put("me/card", {"README.md": "---\nconfigs: [\n---\n", "a.csv": "text,label\na,x\n"})
    hub.put("me/damaged", {"a.parquet": b"PAR1 no Parquet PAR1"})
    hub.put("me/unlike", {"a.jsonl": rows("a", 3), "b.jsonl": lines({"other": 1})})
    assert f"{name}: {said}" in refused(lambda: read(name))


def test_no_answer_and_half_an_answer_are_refused(hub, refused):
    hub.is_down = True
    said = refused(lambda: find("hf:me/unheard"), CorpusUnavailable)
    assert said.startswith("hf:me/unheard: the hub does not answer, and the cache does not have it; check the network")
    hub.is_down = False
    hub.put("me/half", TINY)
    corpus = find("hf:me/half")
    hub.cut = True
    said = refused(lambda: list(corpus.examples()), CorpusUnavailable)
    assert said.startswith("hf:me/half: the hub does not answer")
    hub.cut = False
    assert len(read("hf:me/half")[0]) == 102


def test_a_full_disk_or_a_closed_one_is_named(hub, refused, monkeypatch):
    hub.put("me/large", TINY)
    monkeypatch.setattr("datasets.builder.has_sufficient_disk_space", lambda *_, **__: False)
    assert "hf:me/large: the disk is full" in refused(lambda: read("hf:me/large"))
    monkeypatch.undo()

    for error, said in (
            (OSError(28, "No space left on device"), "the disk is full; free some space, or set HF_HOME to a folder on "
                                                     "another disk"),
            (OSError(13, "Permission denied"), "[Errno 13] Permission denied; HF_HOME must name a folder that can be "
                                               "written")):
        monkeypatch.setattr("datasets.arrow_writer.ArrowWriter.write_table", Mock(side_effect=error))
        assert refused(lambda: read("hf:me/large")) == f"hf:me/large: {said}"


def test_without_the_package_it_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert refused(lambda: find("hf:me/tiny")) == "hf:me/tiny: needs the package datasets; pip install datasets"


def test_the_package_is_not_imported_before_it_is_needed():
    code = "import sys, run, corpora; assert not {'datasets', 'huggingface_hub', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


# folders


def test_a_folder_laid_out_like_a_data_set_is_read_anew_when_a_file_changes(hub, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    for name, text in TINY.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(read("hf:.")[0]) == 102 and find("hf:.").licence == "cc-by-4.0"
    before = find("hf:.").version()
    assert find(f"hf:{tmp_path}").version() == before
    (tmp_path / "train.jsonl").write_text(rows("new", 80), encoding="utf-8")
    assert read("hf:.")[0][0] == ("new 0", "poor", "train") and find("hf:.").version() != before
    columns = {"source_column": "translation.en", "target_column": "translation.de"}
    assert len(read("hf:./:pairs", "translate", **columns)[0]) == 20
    assert "from: plain, pairs" in refused(lambda: find("hf:.:odd"))
    (tmp_path / "README.md").unlink()
    assert find("hf:.").licence == "yours" and find("hf:.").notes == ()
    (tmp_path / f"{tmp_path.name}.py").touch()
    assert refused(lambda: find("hf:.")) == "hf:.: is made by a program of its own, which is never run"
    assert not hub.asked


# the command line


def test_a_corpus_is_shown_and_checked_and_refused(hub, capsys):
    assert run.main(["corpora", "show", "hf:me/tiny", "`task`", "classify"]) == 0
    shown = capsys.readouterr().out
    assert "licence: cc-by-4.0\n  from https://huggingface.co/datasets/me/tiny at revision" in shown
    assert "80 train, 10 dev, 12 test" in shown and "cite: see https://" in shown
    assert run.main(["corpora", "check", "hf:me/tiny", "`task`", "classify"]) == 0
    assert run.main(["`task`", "classify", "`corpus`", "hf:me/none"]) == 2
    assert [line for line in capsys.readouterr().err.splitlines() if "me/none" in line and "run.py" in line] == [
        "run.py: hf:me/none: no such data set on the hub, or a private one; check the name, or log in with: "
        "hf auth login"]


def test_a_model_is_trained_offline_and_knows_its_corpus_again(hub, tmp_path):
    list(find("hf:me/tiny").examples())
    command = [sys.executable, str(ROOT / "run.py"), "`task`", "classify", "`corpus`", "hf:me/tiny", "--epochs", "1",
               "--embedding-size", "8", "--state-size", "8", "--precision", "fp32", "--model-dir", "model"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, cwd=tmp_path,
                          env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0 and "80 train, 10 dev, 12 test" in done.stderr, done.stderr
    about = json.loads((tmp_path / "model/training.json").read_text(encoding="utf-8"))["corpus"]
    again = prepare(find(about["given"], "classify", CorpusSettings(**about["reading"])), about["script"])
    assert again.checksum == about["checksum"] and about["licence"] == "cc-by-4.0"
