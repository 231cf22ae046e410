"""What the README says is so, and the pages that hold its options and corpora."""

import re
import shlex
from pathlib import Path

import pytest

import corpora
import run
import tasks
from core.registry import ATTENTIONS, CELLS, TOKENIZERS
from core.settings import Settings
from corpora.prepare.splits import prepare
from corpora.shared.corpus import Corpus

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "docs" / "README.zh.md"]
# Each README with the pages that hold its options and its corpora.
PAGES = {"en": [READMES[0], ROOT / "docs" / "options.md", ROOT / "docs" / "corpora.md"],
         "zh": [READMES[1], ROOT / "docs" / "options.zh.md", ROOT / "docs" / "corpora.zh.md"]}
LINKED = sorted([READMES[0], ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


def read(page):
    return page.read_text(encoding="utf-8")


TEXTS = {language: "\n".join(map(read, pages)) for language, pages in PAGES.items()}


def commands(text):
    return [line.split("#")[0].strip() for line in text.replace(" \\\n", "").splitlines()
            if line.startswith("python run.py")]


COMMANDS = sorted({command for text in TEXTS.values() for command in commands(text)})
each_language = pytest.mark.parametrize("language", PAGES)
each_page = pytest.mark.parametrize("page", [page for pages in PAGES.values() for page in pages], ids=lambda p: p.name)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    words = shlex.split(command)[2:]
    subcommand = run.SUBCOMMANDS.get(words[0])
    args = subcommand.parser().parse_args(words[1:]) if subcommand else run.parser().parse_args(words)
    if getattr(args, "task", None):
        tasks.find(args.task)


def test_both_languages_have_the_same_commands_on_the_same_pages():
    for english, chinese in zip(*PAGES.values(), strict=True):
        assert commands(read(english)) == commands(read(chinese)) != []


@pytest.mark.parametrize("page", READMES, ids=lambda p: p.name)
def test_a_readme_is_short(page):
    assert len(read(page).splitlines()) <= 190


@each_language
def test_the_corpus_example_works_as_printed(language):
    code = re.search(r"```python\n(\"\"\"weekdays.*?)```", TEXTS[language], re.DOTALL).group(1)
    names = {}
    exec(compile(code, "weekdays.py", "exec"), names)
    [corpus] = [v for v in names.values() if isinstance(v, Corpus)]
    dataset = prepare(corpus, tasks.find(corpus.task).format)
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 21


@pytest.mark.parametrize("page", READMES, ids=lambda p: p.name)
def test_every_task_is_named_rightly(page):
    assert all(f"`{t.name}`" in read(page) and t.sizes in read(page) for t in tasks.all_tasks())


@each_language
def test_every_corpus_is_in_the_table(language):
    table = "\n".join(line for line in TEXTS[language].splitlines() if line.startswith("|"))
    assert all(f"`{c.name}`" in table for c in corpora.all_corpora())


def anchors(page):
    """Of its headings, as the sites that show the page make them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL),
                          re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKED, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(((?!http)[^)#]*)(?:#([^)]+))?\)", read(page))
    targets = [((page.parent / link if link else page), anchor) for link, anchor in links]
    assert links and [target for target, _ in targets if not target.exists()] == []
    assert [(target, anchor) for target, anchor in targets if anchor and anchor not in anchors(target)] == []


@each_page
def test_every_flag_that_is_named_exists(page):
    parsers = [run.parser(), *(subcommand.parser() for subcommand in run.SUBCOMMANDS.values())]
    known = {flag for p in parsers for action in p._actions for flag in action.option_strings}
    text = re.sub(r"torchrun .*? run\.py", "", read(page))  # torchrun has flags of its own
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named and named - known - {"--no-bidirectional"} == set()
    assert Settings().placement == "after"


@each_page
def test_nothing_is_left_to_fill_in(page):
    assert not re.search(r"@\w*@|TODO|\{[a-z]+\}", read(page))


@each_language
@pytest.mark.parametrize("choices", [CELLS, ATTENTIONS, TOKENIZERS], ids=["cells", "attentions", "tokenizers"])
def test_every_part_of_a_registry_is_listed(language, choices):
    assert "\\|".join(choices) in TEXTS[language]
