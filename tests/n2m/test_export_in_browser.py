"""The exported page in a browser: its JavaScript gives the numbers and answers of PyTorch, and a person can use it."""

import json
import random

import pytest
import torch

import n2m
import tasks
from core.data import Example
from core.vocabulary import EOS
from n2m.export.data import collect
from n2m.export.network import packed
from n2m.export.page import write_page
from n2m.model import Model
from tasks.shared.model import TextModel
from tasks.shared.tunes import derive, to_json
from tests.browser import needs_browser
from tests.command import TASKS
from tests.copies import ROOT

pytestmark = needs_browser
FOLDERS = sorted(path.parent for path in (ROOT / "pretrained").glob("*/card.json"))
NOT_COMPARED = {"encoder", "c_is", "beam"}  # words, which the widget has of its own; what the page does not compute
WALKS = """async ([data, weights, texts]) => {
    const chosen = data ? await openModel(data, weights) : model;
    return JSON.stringify(texts.map((text) => {
        const found = answerTo(chosen, text);
        return found.error || walkOf(chosen, found);
    }));
}"""


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A function that opens the page of a model, by default the pretrained one of this name. Nothing may fail in it or
    be asked of a network."""
    complaints, contexts, folder = [], [], tmp_path_factory.mktemp("pages")

    def opened(model, name, width=1100, height=900, language="en-US", scheme="light"):
        file = folder / f"{name}.html"
        if not file.exists():
            write_page(file, model or n2m.load(ROOT / "pretrained" / name, device="cpu"))
        context = browser.new_context(viewport={"width": width, "height": height}, locale=language, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(
            (file.as_uri(), "about:srcdoc")) else None)
        tab.goto(file.as_uri())
        tab.evaluate("opened")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def scripts(page):
    """A page whose functions compute any model."""
    return page(n2m.load(ROOT / "pretrained" / "translate", device="cpu"), "translate")


def starter(task):
    text = (ROOT / "tasks" / "starter" / f"{task}.{'txt' if task == 'poem' else 'tsv'}").read_text(encoding="utf-8")
    if task == "poem":
        lines = [line for poem in text.splitlines() for line in poem.replace("。", "，").split("，") if line]
        return [Example(a, b) for a, b in zip(lines[::2], lines[1::2])]
    return [Example(*line.split("\t")) for line in text.splitlines()]


def untrained(name, forms=None, normalization="nfc", script="as-written", **chosen):
    """A small model with large random weights, rounded to half precision: its answers are wild, certain and short."""
    task, examples = tasks.find(name), starter(name)
    torch.manual_seed(len(str(chosen)))
    sizes = {"embedding_size": 7, "hidden_size": 6, "encoder_size": 5, "min_count": 1}
    settings = task.settings({}, {**sizes, **chosen})
    source, target = task.codecs(settings, [task.source_text(e, settings) for e in examples],
                                 [e.target for e in examples])
    network = task.build(settings, source, target).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn_like(parameter) if parameter.dim() == 1 else torch.zeros_like(parameter)
            parameter.copy_(((parameter + 0.3 * noise) * 2).half())
        if name != "classify":
            network.decoder.output.bias[EOS] = 4.0
        if getattr(network, "ngrams", None):
            used = torch.rand(len(network.ngrams.idf)) < 0.5
            network.ngrams.weight[used] = torch.randn(int(used.sum()), network.ngrams.weight.size(1)).half().float()
            network.ngrams.idf.fill_(5.0)[used] = (1 + 3 * torch.rand(int(used.sum()))).half().float()
    corpus = {"name": "starter", "script": script, "reading": {"normalization": normalization}}
    return Model(TextModel(task, settings, source, target, network, {"corpus": corpus, "forms": forms or {}}))


def differences(python, javascript, place=""):
    """Where the numbers of two walks differ by more than 0.001 (of large numbers: of their size), or anything else."""
    if place.endswith(".candidates"):
        # Those that are about as likely as the last one may be others; all that are listed have the same numbers.
        least = python[-1]["probability"] * 1.001
        python, javascript = ({c["token"]: c for c in found} for found in (python, javascript))
        python = {token: c for token, c in python.items() if c["probability"] > least}
    if isinstance(python, dict):
        for name in python.keys() - NOT_COMPARED:
            yield from differences(python[name], (javascript or {}).get(name), f"{place}.{name}")
    elif isinstance(python, list) and isinstance(javascript, list) and len(python) == len(javascript):
        for i, pair in enumerate(zip(python, javascript)):
            yield from differences(*pair, f"{place}[{i}]")
    elif isinstance(python, float) and isinstance(javascript, int | float):
        if abs(python - javascript) > 1e-3 * max(1, abs(python)):
            yield place, python, javascript
    elif python != javascript:
        yield place, python, javascript


def walks(tab, data, weights, texts):
    """The walks of these texts through a model, by default that of the page, as its scripts compute them."""
    return json.loads(tab.evaluate(WALKS, [data, weights, texts]))


def compare(tab, model, texts, own=True):
    """own: the tab's page is that of the model."""
    found = walks(tab, *((None, None) if own else packed(collect(model))), texts)
    for text, walk in zip(texts, found, strict=True):
        expected = json.loads(json.dumps(model.walk(text, candidates=10).to_json()))
        assert list(differences(expected, walk))[:5] == [], text
    assert [best[0].text for best in model.answer(texts, beam=1)] == [walk["answer"] for walk in found]


ATTENTIONS = [("none", "after"), *((kind, where) for kind in ("additive", "dot") for where in ("before", "after"))]
TEXTS = {"word": ["月", "山月"], "classify": ["酒店房间很干净，早餐也丰富", "ok  太难吃了"],
         "poem": ["床前明月光", "老僧闲扫叶，惊起一枝禽。春"], "translate": ["我很好。", "他是 Tom's 老师吗？？"]}


@pytest.mark.parametrize("task", TEXTS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("attention", "placement"), ATTENTIONS)
def test_every_part_gives_the_numbers_of_pytorch(scripts, task, cell, attention, placement):
    # What else may differ takes turns, so that each occurs with each cell.
    turn = ATTENTIONS.index((attention, placement))
    chosen = {"layers": 1 + turn % 2, "bidirectional": turn % 3 != 1, "layer_norm": turn in (1, 2),
              "tie_embeddings": turn != 3, "common_tokens": 9 * (turn != 4)}
    if task == "classify":
        chosen["ngrams"] = turn % 4
    model = untrained(task, cell=cell, attention=attention, placement=placement, **chosen)
    compare(scripts, model, TEXTS[task], own=False)


@pytest.mark.parametrize(("task", "chosen", "texts"), [
    ("translate", {"tokenizer": "subwords", "max_vocabulary": 120}, ["我很好。", "a b  Tom Ünd 他是"]),
    ("translate", {"tokenizer": "words", "source_tokenizer": "units"}, ["我很好。", "12.5% of—them ☕️ 好 (他)"]),
    ("translate", {"tokenizer": "spaces"}, ["我很好。", "我爱我的家。 x"]),
    ("translate", {"tokenizer": "characters", "shared_vocabulary": True, "lowercase": True},
     ["ÀÉ İs 我", "a\u0301b他"]),
    ("translate", {"normalization": "nfkc"}, ["我很好｡ＡＢ", "\u200b我\ufeff很\x00好"]),
    ("translate", {"script": "simplified"}, ["我愛我的家", "老師"]),
    ("poem", {}, ["山月，roses、照 柴门", "宋：老僧闲扫叶/惊起一枝禽|孤舟泊晚沙", "（注）山月照柴门(又)",
                  "山 月 \n照柴"]),
    ("classify", {"tokenizer": "characters", "ngrams": 2}, ["太难吃了" * 45, "差\n评"])], ids=str)
def test_texts_are_read_as_python_reads_them(scripts, task, chosen, texts):
    compare(scripts, untrained(task, **chosen), texts, own=False)


def test_forms_of_verse_are_kept_as_python_keeps_them(scripts):
    word = n2m.load(ROOT / "pretrained" / "word", device="cpu")
    songs = ["明月照高楼，流光正徘徊。上有愁思妇，悲叹有余哀、哀。",
             "白日依山尽，黄河入海流。欲穷千里目，更上一层楼、楼。"] * 10
    tune = to_json(derive(songs)[0])
    assert tune["ci"] and max(tune["copies"]) >= 0 and "1" in tune["rhymes"]
    word.text_model.metadata["forms"] = {"月": [tune]}
    compare(scripts, word, ["月", "山", " 宋:月光", "宋：山"], own=False)
    couplets = n2m.load(ROOT / "pretrained" / "translate-classical", device="cpu")
    couplets.text_model.metadata["forms"] = {"couplets": True}
    compare(scripts, couplets, ["春风又绿江南岸", "年年岁岁花相似，一", "人间"], own=False)


def known(model, text):
    return any(token in model.text_model.source.vocabulary for token in model.text_model.source.tokens(text))


def test_poems_keep_tones_and_rhymes_of_all_lines_before(page):
    poem = n2m.load(ROOT / "pretrained" / "poem", device="cpu")
    random.seed(3)
    lines = [line for e in starter("poem") for line in (e.source, e.target)]
    texts = ["，".join(random.choices(lines, k=k)) for k in range(1, 9)]
    compare(page(poem, "poem"), poem, [*texts, "牀前看月光", "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_pretrained_model_answers_as_in_python(page, folder):
    model = n2m.load(folder, device="cpu")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    texts = [*card["answers"], *dict.fromkeys(e.source for e in starter(model.task.name) if known(model, e.source))]
    texts = texts[:8 if folder.name == "word" else 20]  # its answers are long
    compare(page(model, folder.name), model, texts)


def test_n_grams_of_many_labels_are_rounded_to_eight_bits(scripts, monkeypatch):
    monkeypatch.setattr("n2m.export.network.MOST_NUMBERS", 10)
    model = untrained("classify", ngrams=3)
    data, weights = packed(collect(model))
    assert '"scale":{' in data
    text = TEXTS["classify"][0]
    [walk] = walks(scripts, data, weights, [text])
    expected = model.walk(text)
    assert walk["parts"][1] == pytest.approx(expected.parts[1], abs=0.05) and walk["answer"] == expected.answer


# as a person uses it


def test_the_answer_follows_the_text_and_its_walk_is_shown_below(page):
    model = n2m.load(ROOT / "pretrained" / "poem", device="cpu")
    tab = page(model, "poem")
    assert tab.input_value("#text") == TASKS["poem"]
    tab.fill("#text", "")
    tab.locator("#text").press_sequentially("白日依山")
    assert tab.text_content("#answer") == model.answer(["白日依山"], beam=1)[0][0].text
    tab.locator("#text").press_sequentially("尽")
    [[answer]] = model.answer(["白日依山尽"], beam=1)
    assert tab.text_content("#answer") == answer.text and "5 tokens in" in tab.text_content("#note")
    frame = tab.frame_locator("#walk")
    frame.locator("button.token", has_text="尽").wait_for()
    tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    frame.locator("#last").click()
    assert frame.locator("#output button").count() == 5
    walk = model.walk("白日依山尽", candidates=10, alternatives=10)
    other = next(c for c in walk.steps[-1].candidates if c.answer is not None and c.token != walk.steps[-1].token)
    button = frame.locator("button.candidate", has_text=other.token).first
    button.click()
    assert other.answer in button.text_content()
    tab.click("#onward")
    assert tab.input_value("#text") == f"白日依山尽\n{answer.text}"
    assert tab.text_content("#answer") == model.answer([f"白日依山尽\n{answer.text}"], beam=1)[0][0].text


def test_a_temperature_draws_other_answers_that_keep_the_form(page):
    tab = page(None, "poem")
    tab.locator("#temperature").fill("1")
    found = set()
    for _ in range(5):
        tab.click("#again")
        found.add(tab.text_content("#answer"))
    assert len(found) > 1 and {len(answer) for answer in found} == {5}


def test_what_cannot_be_answered_is_said_in_the_readers_language(page):
    tab = page(None, "poem", language="zh-CN")
    assert tab.evaluate("document.documentElement.lang") == "zh-Hans" and "古诗续写" in tab.text_content("#title")
    for text, said in (("", "请输入文本"), ("，。", "没有诗句"), ("月" * 40, "最多读 33 个字"), ("☕☕", "完全不认识")):
        tab.fill("#text", text)
        assert said in tab.text_content("#answer")
    tab.click("#language")
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert "knows no part of this text" in tab.text_content("#answer")
    tab.fill("#text", "明月☕光")
    assert "Unknown to the model: ☕" in tab.text_content("#note")
    assert tab.evaluate("JSON.stringify(Object.keys(PAGE_WORDS.en)) === JSON.stringify(Object.keys(PAGE_WORDS.zh))")


def test_the_walk_speaks_the_language_of_the_page(page):
    tab = page(None, "translate")
    frame = tab.frame_locator("#walk")
    frame.locator("#said").wait_for()
    assert frame.locator("html").get_attribute("lang") == "en"
    tab.click("#language")
    assert frame.locator("html").get_attribute("lang") == "zh-Hans"
    tab.fill("#text", "你好")
    frame.locator("button.token", has_text="好").wait_for()
    tab.wait_for_function("document.getElementById('walk').contentDocument.documentElement.lang === 'zh-Hans'")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (360, "light")])
@pytest.mark.parametrize("name", ["classify", "translate"])
def test_the_page_fits_a_phone(page, width, scheme, name):
    tab = page(None, name, width=width, height=780, scheme=scheme)
    tab.frame_locator("#walk").locator("#said").wait_for()
    for text in (TASKS[name], "这家酒店很干净" * 30, "x" * 150):
        tab.fill("#text", text)
        cut = name == "classify" and len(text) == 210
        assert ("reads the first 200 tokens only" in tab.text_content("#note")) == cut
        for _ in range(2):
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            tab.click("#language")


def test_a_hostile_text_is_only_text(page):
    tab = page(None, "classify")
    text = "酒店</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"
    tab.fill("#text", text)
    frame = tab.frame_locator("#walk")
    frame.locator("button.token", has_text="script").first.wait_for()
    assert frame.locator("img, script").count() == 2 and tab.locator("img").count() == 0


def test_probabilities_that_are_not_as_computed_would_be_seen(scripts):
    model = untrained("poem")
    data, weights = packed(collect(model))
    [walk] = walks(scripts, data, weights, ["床前明月光"])
    model.text_model.network.decoder.readout.bias.data[0] += 0.1
    expected = json.loads(json.dumps(model.walk("床前明月光", candidates=10).to_json()))
    assert any(place.endswith("probability") for place, *_ in differences(expected, walk))
