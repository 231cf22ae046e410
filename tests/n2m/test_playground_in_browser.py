"""The playground in a browser, each tab used as a person uses it. Skipped without Playwright or a browser."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from itertools import product
from pathlib import Path

import pytest

import n2m
from n2m.playground.words import WORDS
from n2m.serve.models import Catalogue
from n2m.serve.service import Service
from tests.browser import needs_browser
from tests.command import ROOT, TASKS

pytestmark = needs_browser
ANSWER = {"en": "Answer", "zh": "作答"}


def serving(models, folder, allow_training):
    """A server in a thread of its own: its address, its service, and the function that ends it."""
    import uvicorn

    from n2m.playground.application import application
    service = Service(Catalogue([models / task for task in TASKS], folder), max_length=200)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(service, allow_training, folder), log_level="error",
                                           timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()

    def stop():
        server.should_exit = True
        thread.join(10)

    return f"http://127.0.0.1:{listening.getsockname()[1]}", service, stop


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served") / "models"


@pytest.fixture(scope="module")
def site(models, folder):
    address, service, stop = serving(models, folder, allow_training=True)
    yield address, service
    stop()


@pytest.fixture
def visit(browser, site):
    """A function that opens the playground; nothing may fail in it, and nothing may be asked of other hosts."""
    complaints, contexts = [], []

    def opened(language="en", width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme,
                                      locale={"en": "en-US", "zh": "zh-CN"}[language], reduced_motion="reduce")
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("request", lambda request: complaints.append(request.url)
               if not request.url.startswith((site[0], "data:", "blob:")) else None)
        tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        with tab.expect_response(re.compile("gradio_api/(run|queue)/")):  # the page is alive once it asks something
            tab.goto(site[0] + "/")
        tab.wait_for_selector(".n2m-head")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def choose(tab, name):
    """The panel of a tab."""
    tab.get_by_role("tab", name=name, exact=True).click()
    return tab.locator("[role=tabpanel]:visible")


def answer(panel, language, text=None):
    if text is not None:
        box = panel.locator("textarea:visible").first
        for _ in range(10):  # a tab that was just opened shows its example late, over what was typed before
            box.fill(text)
            panel.page.wait_for_timeout(300)
            if box.input_value() == text:
                break
    panel.get_by_role("button", name=ANSWER[language], exact=True).click()


def test_a_poem_is_written_marked_and_explained(visit, trained):
    panel = choose(visit("zh"), WORDS["zh"]["poem"])
    answer(panel, "zh", "白日依山尽")
    panel.locator(".n2m-verse").nth(1).wait_for()
    [wanted, second] = n2m.load(trained("poem")).answer(["白日依山尽"], lines=3, n_best=2, seed=1)[0]
    shown = ["".join(line.locator("b").all_inner_texts()) for line in panel.locator(".n2m-verse .n2m-line").all()]
    assert shown[0] == "白日依山尽" and shown[1:4] == re.split("[，。]", wanted.text)[:3] and wanted != second
    assert panel.locator(".n2m-line.given i").all_inner_texts()[:5] == ["仄", "仄", "平", "平", "仄"]
    frame = panel.frame_locator(".n2m-walk iframe")
    frame.locator("#next").wait_for()
    assert "白日依山尽" in frame.locator("#subtitle").inner_text()
    assert frame.locator("html").get_attribute("lang") == "zh-Hans"


def test_an_acrostic_begins_with_its_characters(visit):
    panel = choose(visit(), "Poem")
    panel.get_by_label("an acrostic").check()
    panel.get_by_label("First characters of the lines").wait_for()
    answer(panel, "en", "明月山")
    panel.locator(".n2m-line").nth(2).wait_for()
    lines = ["".join(line.locator("b").all_inner_texts()) for line in panel.locator(".n2m-line").all()]
    assert [(line[0], len(line)) for line in lines] == [("明", 5), ("月", 5), ("山", 5)]


def test_the_other_tasks_show_what_they_attended_to(visit):
    tab = visit()
    panel = choose(tab, "Classify")
    answer(panel, "en", TASKS["classify"])
    panel.locator(".n2m-shaded span").first.wait_for()
    assert "".join(panel.locator(".n2m-shaded span").all_inner_texts()) == TASKS["classify"]
    assert abs(sum(map(float, panel.locator(".n2m-number").all_inner_texts())) - 1) < 0.01
    panel = choose(tab, "Translate")
    answer(panel, "en", TASKS["translate"])
    panel.locator(".n2m-heat").wait_for()
    assert "".join(panel.locator(".n2m-heat th[scope=col]").all_inner_texts()) == TASKS["translate"]
    panel = choose(tab, "Word")
    answer(panel, "en")
    panel.locator(".n2m-card").first.wait_for()
    panel.frame_locator(".n2m-walk iframe").locator("#next").wait_for()


def test_a_wrong_text_is_told_in_place(visit):
    panel = choose(visit(), "Translate")
    answer(panel, "en", " ")
    panel.get_by_role("alert").wait_for()
    assert "the input is empty; enter a text" in panel.get_by_role("alert").inner_text()
    answer(panel, "en", "我喜欢<img src=x onerror=alert(1)> ${1+1} {{x}}")
    panel.locator(".n2m-heat").wait_for()
    assert "onerror" in panel.locator(".n2m-heat").inner_text().replace("\t", "") and panel.locator("img").count() == 0


def test_an_example_and_another_search_are_a_click_each(visit, trained):
    panel = choose(visit(), "Translate")
    panel.locator("button.label-wrap", has_text="Search").click()
    panel.get_by_label("the most likely (beam search)").check()
    beam = panel.get_by_label("number input for Beam size")
    beam.fill("1")
    beam.press("Tab")
    text = json.loads((trained("translate") / "metrics.json").read_text(encoding="utf-8"))["examples"][1][0]
    panel.get_by_role("button", name=text).click()
    panel.locator(".n2m-text p").wait_for()
    wanted = n2m.load(trained("translate")).answer([text], beam=1)[0][0].text
    assert panel.locator(".n2m-text p").inner_text().strip() == wanted.strip()


def test_a_page_that_is_closed_takes_its_request_along(visit, site):
    queue, go, begun = site[1].queue, threading.Event(), threading.Event()
    queue.submit(lambda _: [(begun.set(), go.wait(60))], None)
    assert begun.wait(60)
    tab = visit()
    answer(choose(tab, "Word"), "en")
    until(lambda: len(queue) == 1)
    tab.close()
    until(lambda: len(queue) == 0)
    go.set()


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_file_is_answered_line_by_line(visit, trained, tmp_path):
    (tmp_path / "texts.txt").write_text(f"{TASKS['classify']}\n\n服务很差\n", encoding="utf-8")
    tab = visit()
    panel = choose(tab, "Classify")
    panel.get_by_role("button", name="A file of texts").click()
    panel.get_by_role("button", name="Answer the file").click()
    panel.get_by_role("alert").wait_for()

    def uploaded():
        panel.locator("input[type=file]").set_input_files(tmp_path / "texts.txt")
        name, until = panel.get_by_text("texts.txt").first, time.monotonic() + 8
        while not name.is_visible() and time.monotonic() < until:
            tab.wait_for_timeout(100)
        return name.is_visible()

    assert any(uploaded() for _ in range(3))  # Gradio may lose a file that comes while it still draws the alert
    panel.get_by_role("button", name="Answer the file").click()
    panel.get_by_text("3 texts answered, 1 of them impossible").wait_for()
    with tab.expect_download() as download:
        panel.locator("a[download]").last.click()
    wanted = n2m.load(trained("classify")).answer([TASKS["classify"], "服务很差"])
    assert download.value.path().read_text(encoding="utf-8") == f"{wanted[0][0].text}\n\n{wanted[1][0].text}\n"


def test_models_are_compared(visit):
    panel = choose(visit("zh"), "对比")
    panel.get_by_role("button", name="对比").click()
    panel.locator(".n2m-table").wait_for()
    rows = [row.split("\t") for row in panel.locator(".n2m-table").inner_text().splitlines()]
    assert rows[0] == ["项目", *(task.name for task in n2m.tasks())] and rows[1][1:] == ["1→N", "N→1", "N→N", "N→M"]
    assert len({len(row) for row in rows}) == 1 and "嵌入" in [row[0] for row in rows]


def test_a_model_is_trained_on_a_file_and_stopped(visit, folder, tmp_path):
    corpus = tmp_path / "pairs.tsv"
    pairs = [f"{a} {b} {c}\t{c} {b} {a}\n" for a, b, c in product("abcdefghij", "klmnopqrst", "uvwxyz")]
    corpus.write_text("".join(pairs), encoding="utf-8")
    tab = visit()
    panel = choose(tab, "Train")
    panel.locator("input[type=file]").set_input_files(corpus)
    panel.get_by_text("pairs.tsv").first.wait_for()
    panel.get_by_label("number input for Epochs").fill("50")
    panel.get_by_label("number input for Epochs").press("Tab")
    panel.get_by_role("button", name="Train", exact=True).click()
    panel.get_by_text(re.compile(r"epoch \d+:")).wait_for()
    panel.locator(".n2m-curve circle").first.wait_for()
    panel.get_by_role("button", name="Stop").click()
    panel.get_by_text("(interrupted)").wait_for()
    log = panel.locator(".n2m-log").inner_text()
    assert str(tmp_path) not in log and "/tmp" not in log
    assert (folder / "mine" / "weights.safetensors").is_file()
    before = (folder / "mine" / "weights.safetensors").read_bytes()
    panel.get_by_role("button", name="Train", exact=True).click()
    panel.get_by_role("alert").wait_for()
    assert "models/mine exists already; choose another name" in panel.get_by_role("alert").inner_text()
    assert (folder / "mine" / "weights.safetensors").read_bytes() == before
    panel = choose(tab, "Translate")
    panel.get_by_label("Model").click()
    panel.get_by_role("option", name="models/mine").click()
    answer(panel, "en", "a k")
    panel.locator(".n2m-heat").wait_for()
    assert panel.locator(".n2m-heat th[scope=col]").all_inner_texts()[0].strip() == "a"


@pytest.mark.parametrize("language", WORDS)
def test_a_phone_shows_everything_without_scrolling_sideways(visit, language):
    tab, words = visit(language, width=390, scheme="dark"), WORDS[language]
    answer(tab.locator("[role=tabpanel]:visible"), language)
    tab.locator(".n2m-walk iframe").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("translate", "compare"):
        if not tab.get_by_role("tab", name=words[name], exact=True).count():
            tab.locator(".overflow-menu > button").click()
        tab.locator("[role=tab], .overflow-dropdown button").filter(has_text=words[name]).first.click()
        assert tab.get_by_text(words[f"{name}_lead"]).is_visible()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_language_is_the_browsers_and_one_click_changes_it(visit):
    tab = visit("zh")
    assert tab.url.endswith("/zh/") and tab.locator("h1").inner_text() == WORDS["zh"]["title"]
    tab.wait_for_timeout(1500)  # a page that is left while it asks something complains of the answer it did not get
    tab.locator(".n2m-other").click()
    tab.get_by_text(WORDS["en"]["lead"]).wait_for()
    assert tab.url.endswith("/en/") and tab.evaluate("document.documentElement.lang") == "en"
    assert tab.evaluate("navigator.language") == "en"  # what Gradio's own buttons follow
    assert WORDS["en"].keys() <= WORDS["zh"].keys()


def test_nothing_of_the_server_is_read_or_trained_unless_allowed(models, folder, tmp_path):
    address, _, stop = serving(models, folder, allow_training=False)
    try:
        page = urllib.request.urlopen(f"{address}/en/").read().decode()
        assert WORDS["en"]["train_lead"] not in page and WORDS["en"]["compare_lead"] in page
        secret = tmp_path / "secret.txt"
        secret.write_text("a secret\n", encoding="utf-8")
        Path("own.txt").write_text("a secret\n", encoding="utf-8")
        for path in (secret, ROOT / "README.md", models / "poem" / "settings.json"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}/en/gradio_api/file={path}")
            assert refused.value.code in (403, 404)
        config = json.loads(urllib.request.urlopen(f"{address}/en/config").read())
        kinds = {c["id"]: c for c in config["components"]}
        handlers = [d for d in config["dependencies"] if any(kinds[i]["type"] in ("file", "textbox")
                                                             for i in d["inputs"])]
        assert len(handlers) > 8
        for handler, path in product(handlers, (str(secret), "own.txt", f"{address}/favicon.ico")):
            file = {"path": path, "meta": {"_type": "gradio.FileData"}}
            data = [file if kinds[i]["type"] in ("file", "textbox") else kinds[i]["props"].get("value")
                    for i in handler["inputs"]]
            assert "must be uploaded first" in run_handler(address, handler["id"], data)
        [of_file, *_] = [d for d in handlers if any(kinds[i]["type"] == "file" for i in d["inputs"])]
        data = [kinds[i]["props"].get("value") for i in of_file["inputs"]]
        assert "choose a file first" in run_handler(address, of_file["id"], data)  # so that is what was refused
    finally:
        stop()


def run_handler(address, number, data):
    """What a request that was written by hand is answered with."""
    asked = urllib.request.Request(f"{address}/en/gradio_api/run/predict", method="POST", data=json.dumps(
        {"data": data, "fn_index": number, "session_hash": "x"}).encode(), headers={"Content-Type": "application/json"})
    try:
        return urllib.request.urlopen(asked).read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_the_command_serves_and_ends_with_ctrl_c(tmp_path):
    with subprocess.Popen([sys.executable, ROOT / "run.py", "serve", "--port", "0"], cwd=tmp_path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as command:
        said = command.stdout.readline()
        address = re.fullmatch(r"n2m at (http://127\.0\.0\.1:\d+) \(this machine only\); Ctrl-C stops it\n", said)[1]
        request = urllib.request.Request(f"{address}/api/answer", headers={"Content-Type": "application/json"},
                                         data=b'{"model": "poem", "text": "\xe5\xba\x8a\xe5\x89\x8d"}')
        assert json.loads(urllib.request.urlopen(request).read())["answers"]
        begun = time.monotonic()
        command.send_signal(signal.SIGINT)
        _, complaints = command.communicate(timeout=20)
    assert command.returncode == 130 and time.monotonic() - begun < 10
    assert complaints.splitlines()[-1:] == ["run.py: stopped"] and "Traceback" not in complaints
