"""`run.py corpora` and `run.py --list`: list, describe and check corpora."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Sequence

import corpora
import tasks
from core import events
from core.data import InputError
from core.settings import CorpusSettings
from corpora.fetch.sources import use_mirror
from n2m import data
from n2m.cli.flags import Parser, add_origin, add_settings, as_flags, given


def main(arguments: Sequence[str]) -> int:
    for line in report(parser().parse_args(arguments)):
        print(as_flags(line), flush=True)  # one by one: a large corpus takes a while
    return 0


def parser() -> Parser:
    p = Parser(prog="run.py corpora", allow_abbrev=False, description="List, describe and check corpora.",
               formatter_class=argparse.RawDescriptionHelpFormatter, epilog=textwrap.dedent("""\
                   examples:
                     python run.py corpora                                 all named corpora
                     python run.py corpora show tang                       splits, lengths, vocabulary, samples
                     python run.py corpora show my.csv --task classify     the same of your own file
                     python run.py corpora check my.csv --task classify    whether it works, and what to change"""))
    p.add_argument("what", nargs="?", default="list", help="list, show or check", metavar="list|show|check")
    p.add_argument("names", nargs="*", metavar="NAME|FILE", help="as with --corpus")
    p.add_argument("--task", help="the task it is for; needed for a file of your own")
    add_origin(p)
    add_settings(p, CorpusSettings)
    return p


def listing() -> Iterator[str]:
    """Tasks and corpora with type, size, licence and origin."""
    for task in tasks.all_tasks():
        yield f"{task.sizes}  --task {task.name}: {task.title}; default corpus {task.default_corpus}"
        for c in data.corpora(task.name):
            yield f"      --corpus {c.name:<15} {c.title}"
            yield from (f"      {'':<24} {text}" for text in (f"{c.size}; {c.licence}", c.origin))
    yield f"your own text: --corpus with a file ({' '.join(corpora.ENDINGS)}), two aligned files,"
    yield "               a directory, a .zip, or hf:NAME for a data set of the Hugging Face hub"


def report(args: argparse.Namespace) -> Iterator[str]:
    """The lines of list, show and check."""
    if args.what not in ("list", "show", "check"):
        raise InputError(f"corpora {args.what} is unknown; use list, show or check")
    if args.what == "list":
        if args.names:
            raise InputError(f"corpora list takes no name ({' '.join(args.names)}); use corpora show NAME to describe "
                             "a corpus")
        yield from listing()
        return
    if not args.names:
        raise InputError(f"corpora {args.what} needs the name of a corpus or a file; add it")
    possible = [args.task] if args.task else corpora.tasks_of(args.names) or [t.name for t in tasks.all_tasks()]
    if len(possible) != 1:
        raise InputError(f"corpora {args.what} {' '.join(args.names)} needs a task; add `task` {'|'.join(possible)}")
    task, reading = tasks.find(possible[0]), CorpusSettings(**given(args, CorpusSettings))
    with use_mirror(args.mirror):
        found = data.find(args.names, task, reading)
        try:
            dataset = data.prepare(data.without_notes(found), task, args.script, args.reverse, reading, args.rejects)
        except InputError:
            for text in found.notes:
                events.note(text)
            raise
        from corpora.prepare.description import advice, description
        if args.what == "show":
            yield from description(found, dataset)
            return
        yield f"{found.name}: works for `task` {task.name}"
        lines = [*found.notes, *advice(dataset), *task.advice(dataset)]
        yield from [f"- {line}" for line in lines] or ["nothing to change"]
