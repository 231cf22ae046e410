"""The JSON API: answers of the library, in batches, and one line for whatever is wrong."""

import asyncio
import json
import re
import shutil
import socket
import threading
import time

import pytest
import uvicorn
from fastapi.testclient import TestClient

import n2m
from n2m.playground import marks
from n2m.playground.words import WORDS
from n2m.serve import service as serving
from n2m.serve.api import MOST_BYTES, api, result
from n2m.serve.batching import Busy, Queue
from n2m.serve.models import MOST_LOADED, Catalogue
from n2m.serve.service import LIMITS, MOST_TEXTS, Service
from tasks.shared.task import Answer
from tests.command import ROOT, TASKS, refused


@pytest.fixture(scope="module")
def service(models):
    return Service(Catalogue([models / task for task in TASKS], models / "none"), max_length=60)


@pytest.fixture(scope="module")
def client(service):
    return TestClient(api(service), raise_server_exceptions=False)


def ask(client, path="answer", **request):
    return client.post(f"/api/{path}", json=request)


def complaint(client, path="answer", status=400, **request):
    """The one line that a wrong request is answered with."""
    answered = ask(client, path, **request)
    assert answered.status_code == status, answered.text
    assert list(answered.json()) == ["error"] and "\n" not in answered.json()["error"]
    return answered.json()["error"]


def hold(queue):
    """Keeps the queue busy until the event that it returns is set."""
    begun, go = threading.Event(), threading.Event()
    queue.submit(lambda _: (begun.set(), go.wait(20)), None)
    assert begun.wait(20)
    return go


def test_models_are_listed_by_name_without_their_paths(client, models):
    listed = client.get("/api/models").json()["models"]
    assert [(m["name"], m["task"], m["sizes"]) for m in listed[:4]] == [
        (t.name, t.name, t.sizes) for t in n2m.tasks()]
    assert {"pretrained/poem", "pretrained/translate-classical"} <= {m["name"] for m in listed}
    assert str(models.parent) not in json.dumps(listed)
    scored = json.loads((models / "word" / "metrics.json").read_text(encoding="utf-8"))["examples"]
    assert listed[0]["examples"] == [source for source, *_ in scored][:4]


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_is_that_of_the_library(client, trained, task):
    weights = task in ("classify", "translate")
    found = ask(client, model=task, text=TASKS[task], n_best=2, weights=weights, **(
        {} if task == "classify" else {"seed": 3})).json()
    wanted = n2m.load(trained(task)).answer([TASKS[task]], n_best=2, weights=weights, seed=3)[0]
    assert [(a["text"], a["tokens"]) for a in found["answers"]] == [(a.text, list(a.tokens)) for a in wanted]
    assert [a["score"] for a in found["answers"]] == pytest.approx([a.score for a in wanted])
    if weights and wanted[0].weights is not None:
        assert found["answers"][0]["weights"] == [pytest.approx(row, rel=1e-3) for row in wanted[0].weights.tolist()]
        assert len(found["source_tokens"]) == wanted[0].weights.shape[1]


def test_several_texts_whole_poems_and_acrostics(client, trained):
    model = n2m.load(trained("poem"))
    found = ask(client, model="poem", texts=["床前明月光", ""], lines=2).json()["results"]
    assert found[0]["answers"][0]["text"] == model.answer(["床前明月光"], lines=2)[0][0].text
    assert found[1]["error"].startswith("the input is empty")
    lines = ask(client, model="poem", acrostic="明月", line_length=7, seed=2).json()["answers"]
    assert [a["text"] for a in lines] == [a.text for a in model.acrostic("明月", line_length=7, seed=2)]


def test_a_walk_is_that_of_the_library(client, trained):
    found = ask(client, "walk", model="translate", text=TASKS["translate"], candidates=4, alternatives=2).json()
    walk = n2m.load(trained("translate")).walk(TASKS["translate"], candidates=4, alternatives=2)
    assert found == {"task": "translate", **json.loads(json.dumps(walk.to_json()))}


@pytest.mark.parametrize(("request_", "says"), [
    ({}, "`model` is missing; add it"), ({"model": "poem"}, "enter one of `text`, `texts` and `acrostic`"),
    ({"model": "poem", "text": "月", "texts": []}, "enter one of"),
    ({"model": "poems", "text": "月"}, "`model` 'poems' is unknown; did you mean poem? Known: "),
    ({"model": "../pretrained/poem", "text": "月"}, "is unknown"), ({"model": "/etc", "text": "月"}, "is unknown"),
    ({"model": "poem", "text": 5}, "`text` must be a text"),
    ({"model": "poem", "texts": [1]}, "`texts` must be a list of texts"),
    ({"model": "poem", "texts": ["月"] * (MOST_TEXTS + 1)}, f"at most {MOST_TEXTS} are allowed in one request"),
    ({"model": "poem", "texts": ["月"] * 20, "lines": 7}, "20 texts of `lines` 7 are more than 128 lines"),
    ({"model": "poem", "text": ""}, "the input is empty; enter a text"),
    ({"model": "translate", "text": "我" * 61}, "has 61 characters; at most 60 are allowed"),
    ({"model": "poem", "text": "月", "bean": 5}, "the option 'bean' is unknown; did you mean beam?"),
    ({"model": "poem", "text": "月", "beam": 0}, "`beam` 0 must be from 1 to 20"),
    ({"model": "poem", "text": "月", "samples": 10000}, f"`samples` 10000 must be from 1 to {LIMITS['samples']}"),
    ({"model": "poem", "text": "月", "beam": True}, "`beam` True must be a whole number"),
    ({"model": "poem", "text": "月", "seed": -1}, "`seed` -1 must be from 0 to"),
    ({"model": "poem", "text": "月", "lines": 2.5}, "`lines` 2.5 must be a whole number"),
    ({"model": "poem", "text": "月", "script": "latin"}, "`script` latin is unknown; use simplified or traditional"),
    ({"model": "poem", "text": "月", "weights": 1}, "`weights` must be true or false"),
    ({"model": "translate", "text": "我", "lines": 2}, "are for tasks that write line after line, not for translate"),
    ({"model": "translate", "acrostic": "月"}, "are for tasks that write line after line"),
    ({"model": "poem", "acrostic": "月" * 21}, "has 21 characters; at most 20 are allowed")])
def test_what_is_wrong_is_told_in_one_line(client, request_, says):
    assert says in complaint(client, **request_)


def test_the_same_error_as_the_command_lines(client, trained):
    said = refused("--task", "poem", "--model-dir", trained("poem"), "--input", "月", "--beam", "3", "--n-best", "4")
    assert said == "run.py: " + complaint(client, model="poem", text="月", beam=3, n_best=4).replace(
        "`n_best`", "--n-best").replace("`beam`", "--beam")


@pytest.mark.parametrize(("content", "kind", "status", "says"), [
    (b"{", "application/json", 400, "the request is not JSON"),
    (b"[]", "application/json", 400, "must be a JSON object"),
    (b"[" * 100_000, "application/json", 400, "the request is not JSON"),
    (b'{"model": "poem", "text": "\\ud800"}', "application/json", 400, "surrogates not allowed"),
    (b"{}", "text/plain", 415, "send JSON"), (b" " * (MOST_BYTES + 1), "application/json", 413, "send less at once")])
def test_what_is_no_request_is_told_in_one_line(client, content, kind, status, says):
    answered = client.post("/api/answer", content=content, headers={"Content-Type": kind})
    assert answered.status_code == status and says in answered.json()["error"]


def test_other_addresses_and_ways_are_refused(client):
    assert client.get("/api/nothing").json() == {"error": "Not Found"}
    assert client.get("/api/answer").status_code == 405 and client.get("/docs").status_code == 404


def test_requests_that_come_together_are_answered_in_one_batch(service, monkeypatch, trained):
    calls, answer = [], n2m.Model.answer
    monkeypatch.setattr(n2m.Model, "answer", lambda self, texts, **o: calls.append(texts) or answer(self, texts, **o))
    go = hold(service.queue)
    texts = ["床前明月光", "白日依山尽", ""]
    same = [service.answer("poem", [text], seed=5) for text in texts]
    other = service.answer("poem", ["床前明月光"], seed=6)
    go.set()
    found = [future.result(20)[0] for future in same]
    assert other.result(20) and calls == [texts, texts[:1]]
    model = n2m.load(trained("poem"))
    monkeypatch.undo()
    assert [one.answers for one in found[:2]] == [model.answer([text], seed=5)[0] for text in texts[:2]]
    assert isinstance(found[2], n2m.InputError)


def test_a_wrong_value_spoils_nobody_elses_batch(service):
    go = hold(service.queue)
    good, wrong = service.answer("translate", ["我"], beam=1), service.answer("translate", ["我"], beam=True)
    go.set()
    assert good.result(20)[0].answers
    with pytest.raises(n2m.InputError, match="`beam` True"):
        wrong.result(20)


def test_what_fails_in_the_server_is_told_in_one_line_too(client, monkeypatch):
    monkeypatch.setattr(n2m.Model, "answer", lambda *_, **__: 1 / 0)
    assert complaint(client, status=500, model="word", text="月") == "the server failed; its log says why"


def test_a_full_queue_is_told_with_the_time_to_wait(models):
    service = Service(Catalogue([models / "word"]), queue=2)
    client = TestClient(api(service))
    go = hold(service.queue)
    waiting = [service.answer("word", ["月"]) for _ in range(2)]
    refused_ = ask(client, model="word", text="月")
    assert refused_.status_code == 503 and int(refused_.headers["Retry-After"]) >= 1
    assert "2 requests are waiting, as many as this server takes" in refused_.json()["error"]
    waiting[0].cancel()
    service.answer("word", ["月"])  # there is room again
    go.set()
    assert waiting[1].result(20) and ask(client, model="word", text="月").status_code == 200


def test_a_client_that_goes_takes_its_request_along(service):
    done = []

    class Gone:
        async def receive(self):
            return {"type": "http.disconnect"}

    go = hold(service.queue)
    future = service.queue.submit(lambda items: done.append(items) or items, "x")
    with pytest.raises(Exception, match="the client has gone"):
        asyncio.run(result(Gone(), future))
    go.set()
    assert service.queue.submit(lambda items: items, "y").result(20) == "y" and not done


def test_a_connection_that_closes_takes_its_request_along(service):
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api(service), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    go = hold(service.queue)
    content = json.dumps({"model": "word", "text": "月"}).encode()
    with socket.create_connection(listening.getsockname()) as client:
        client.sendall(b"POST /api/answer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
        until(lambda: len(service.queue) == 1)
    until(lambda: len(service.queue) == 0)
    go.set()
    server.should_exit = True
    thread.join(10)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_work_that_fails_ends_neither_the_queue_nor_its_thread():
    queue = Queue()
    with pytest.raises(ZeroDivisionError):
        queue.submit(lambda _: 1 / 0, None).result(20)
    assert queue.submit(lambda items: items, 5).result(20) == 5
    queue.close()
    with pytest.raises(Busy):
        queue.submit(lambda items: items, 5)


def test_models_are_found_loaded_and_dropped(models, tmp_path, monkeypatch):
    for name in ("mine", ".hidden"):
        shutil.copytree(models / "word", tmp_path / name)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "model.json").write_text("{}")
    catalogue = Catalogue([models / "word", tmp_path / ".." / tmp_path.name / "mine"], tmp_path)
    names = [name for name in catalogue.entries() if not name.startswith("pretrained/")]
    assert names == ["word", "mine", "models/mine"]
    assert catalogue.find("word").name == "word" and catalogue.find("poem").name == "pretrained/poem"
    monkeypatch.setattr("n2m.serve.models.MOST_LOADED", 1)
    first, second = catalogue.find("word"), catalogue.find("models/mine")
    assert catalogue.load(first) is catalogue.load(first) and MOST_LOADED > 1
    catalogue.load(second)
    assert catalogue.is_loaded(second) and not catalogue.is_loaded(first)
    (tmp_path / "mine" / "weights.safetensors").write_bytes(b"")
    catalogue.load(first)
    with pytest.raises(n2m.InputError, match=r"^models/mine/weights.safetensors is damaged"):  # not the whole path
        catalogue.load(second)


def test_the_path_of_a_corpus_is_nobodys_business(models, tmp_path):
    model = n2m.load(models / "translate")
    for name, given, shown in (("/secret/place/my.tsv", ["/secret/place/my.tsv"], "my.tsv"), ("hf:a/b", ["hf:a/b"],
                               "hf:a/b"), ("x/a.de x/a.en", ["x/a.de", "x/a.en"], "a.de a.en")):
        model.metadata["corpus"] |= {"name": name, "given": given}
        model.save(tmp_path / "mine")
        client = TestClient(api(Service(Catalogue(models=tmp_path))))
        assert client.get("/api/models").json()["models"][0]["corpus"] == shown
        assert f"of the corpus {shown};" in complaint(client, model="models/mine", text="\u2603")


def test_a_model_trained_anew_is_loaded_anew(models, tmp_path):
    shutil.copytree(models / "word", tmp_path / "mine")
    catalogue = Catalogue(models=tmp_path)
    before = catalogue.load(catalogue.find("models/mine"))
    n2m.load(models / "word").save(tmp_path / "mine")
    assert catalogue.load(catalogue.find("models/mine")) is not before


def test_what_is_sampled_alone_and_in_a_batch_is_the_same(service, trained):
    found = serving.answer_together(n2m.load(trained("word")), [["月"], ["江", "月"]], False, {"temperature": 1.0})
    assert found[0][0].answers == n2m.load(trained("word")).answer(["月"], temperature=1.0)[0]
    assert found[1][1].answers == n2m.load(trained("word")).answer(["江", "月"], temperature=1.0)[1]


@pytest.mark.parametrize(("arguments", "says"), [
    (["--queue", "0"], "--queue 0 must be at least 1"), (["--max-length", "-1"], "--max-length -1 must be at least 1"),
    (["--port", "70000"], "--port 70000 of --host 127.0.0.1: must be at most 65535"),
    (["--host", "no such host"], "--host no such host is not an address of this machine"),
    (["--prot", "5"], "did you mean --port?")])
def test_the_command_refuses_wrong_flags(arguments, says):
    assert says in refused("serve", *arguments)


def test_the_command_says_that_a_port_is_taken_and_what_to_install(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"--port {port} of --host 127.0.0.1: Address already in use" in refused("serve", "--port", port)
    find = __import__("importlib").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *a: None if name == "gradio" else find(name, *a))
    assert "serve needs the package gradio; install it with pip install -c constraints.txt -e '.[serve]'" in refused(
        "serve")


def test_a_batch_is_no_larger_than_allowed(monkeypatch):
    monkeypatch.setattr("n2m.serve.batching.MOST", 3)
    queue, sizes = Queue(), []
    go = hold(queue)
    futures = [queue.submit(lambda items: sizes.append(len(items)) or items, n, "key", size=1) for n in range(5)]
    go.set()
    assert [future.result(20) for future in futures] == list(range(5)) and sizes == [3, 2]


def test_verse_is_shown_with_tones_and_rhymes_and_any_text_as_text():
    poem = Answer("黄河入海流。欲穷千里目，更上一层楼。", 1.5)
    html = marks.poems(["白日依山尽"], [poem], WORDS["en"])
    assert re.findall(r'class="n2m-char(?: level)? rhyme" title="([^"]*)"><b>(.)', html) == [("十一尤", "流"),
                                                                                            ("十一尤", "楼")]
    assert re.findall(r"<b>(.)</b><i>(.+?)</i>", html)[:5] == list(zip("白日依山尽", "仄仄平平仄"))
    assert html.count("n2m-line given") == 1 and html.count('"n2m-line') == 4
    hostile = "<script>alert(1)</script>月"
    assert "<script" not in marks.poems([hostile], [Answer(hostile, 0.0)], WORDS["zh"])


def test_every_request_of_the_docs_is_answered(client):
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("serve.md", "serve.zh.md")]
    requests, same = (re.findall(r"^curl --json '(.*)' http://127\.0\.0\.1:7860(/api/\w+)$", page, re.MULTILINE)
                      for page in pages)
    assert len(requests) == 5 and requests == same and not any("@" in page for page in pages)
    for content, path in requests:
        # The tests' own model of poems is too small for 夏.
        assert client.post(path, json=json.loads(content.replace("春夏秋冬", "明月"))).status_code == 200
