"""What the README says is so."""

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
PAGES = [ROOT / "README.md", ROOT / "docs" / "README.zh.md"]
COMMANDS = sorted({line.split("#")[0].strip() for page in PAGES if page.exists()
                   for line in page.read_text(encoding="utf-8").replace(" \\\n", "").splitlines()
                   if line.startswith("python run.py")})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    words = shlex.split(command)[2:]
    subcommand = run.SUBCOMMANDS.get(words[0])
    args = subcommand.parser().parse_args(words[1:]) if subcommand else run.parser().parse_args(words)
    if getattr(args, "task", None):
        tasks.find(args.task)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_corpus_example_works_as_printed(page):
    code = re.search(r"```python\n(\"\"\"weekdays.*?)```", page.read_text(encoding="utf-8"), re.DOTALL).group(1)
    names = {}
    exec(compile(code, "weekdays.py", "exec"), names)
    [corpus] = [v for v in names.values() if isinstance(v, Corpus)]
    dataset = prepare(corpus, tasks.find(corpus.task).format)
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 21


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_task_corpus_and_linked_file_is_named_rightly(page):
    text = page.read_text(encoding="utf-8")
    assert all(f"`{t.name}`" in text and t.sizes in text for t in tasks.all_tasks())
    assert all(f"`{c.name}`" in text for c in corpora.all_corpora())
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", text)
    assert links and [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_flag_that_is_named_exists(page):
    parsers = [run.parser(), *(subcommand.parser() for subcommand in run.SUBCOMMANDS.values())]
    known = {flag for p in parsers for action in p._actions for flag in action.option_strings}
    text = re.sub(r"torchrun .*? run\.py", "", page.read_text(encoding="utf-8"))  # torchrun has flags of its own
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - known - {"--no-bidirectional"} == set()
    assert Settings().placement == "after"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_nothing_is_left_to_fill_in(page):
    assert not re.search(r"@\w*@|TODO|\{[a-z]+\}", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
@pytest.mark.parametrize("choices", [CELLS, ATTENTIONS, TOKENIZERS], ids=["cells", "attentions", "tokenizers"])
def test_every_part_of_a_registry_is_listed(page, choices):
    assert "\\|".join(choices) in page.read_text(encoding="utf-8")
