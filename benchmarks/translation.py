"""Ours, simple baselines and JoeyNMT on the same pairs and the same split: one table for each corpus and direction.

    python benchmarks/translation.py                                   every corpus below; several hours
    python benchmarks/translation.py --corpora hsk --without joeynmt   a quick look

Ours is trained with the settings that `python run.py --task translate --corpus NAME` uses. JoeyNMT 2.3.0 gets the same
tokens and as much time as ours took: a bidirectional GRU encoder, a GRU decoder with input feeding and additive
attention, dropout and label smoothing as ours, a learning rate of 0.001 that falls by a tenth with each epoch, and the
weights of the lowest dev perplexity. The test split is read once, at the end: 1,000 pairs, drawn at random.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed


import n2m
from benchmarks import command, joeynmt
from benchmarks.tables import show_tables
from core.data import Example, InputError
from core.metrics import bleu, chrf
from core.tokenizer import make_tokenizer
from corpora.fetch.download import cache_folder
from corpora.prepare.splits import Dataset
from tasks.shared import baselines
from tasks.shared.evaluation import sample
from tasks.shared.report import number

CORPORA = ("multi30k-de-en", "tatoeba-zh-en", "tatoeba-zh-en:reverse", "classical", "classical:reverse",
           "hsk", "hsk-words", "cedict")
NEAREST = 100_000  # the most training sources that are searched for the nearest one


def parser() -> command.Parser:
    p = command.Parser(__doc__)
    p.add_argument("--corpora", default=",".join(CORPORA), metavar="NAMES", help="corpora, divided by commas; "
                   "NAME:reverse swaps source and target (default %(default)s)")
    p.add_argument("--without", default="", metavar="NAMES", help="contestants to leave out, divided by commas: "
                   "joeynmt, ours")
    p.add_argument("--budget", type=int, choices=(2, 5, 10, 60), help="train ours for about so many minutes")
    p.add_argument("--ensemble", type=command.positive, default=1, metavar="N", help="a row more for the mean of N of "
                   "ours, from seeds 1 to N (default 1: none)")
    p.add_argument("--work", type=Path, default=cache_folder() / "benchmarks" / "translation", metavar="DIR",
                   help="directory for models, texts and the virtual environment (default %(default)s)")
    p.add_argument("--joey-python", type=Path, metavar="PATH", help="a Python with JoeyNMT 2.3.0; by default one is "
                   "installed with pip into a new virtual environment")
    p.add_argument("--mirror", metavar="PLACE", help="where files are looked for before they are downloaded")
    p.add_argument("--report", type=Path, metavar="FILE", help="Markdown file for the tables")
    return p


def main() -> None:
    args = parser().parse_args()
    for flag, words, known in (("corpora", args.corpora, CORPORA), ("without", args.without, ("", "joeynmt", "ours"))):
        if unknown := {*words.split(",")} - {*known}:
            raise InputError(f"--{flag} {min(unknown)} is unknown; use {', '.join(filter(None, known))}")
    begun, load = time.time(), os.getloadavg()[0]
    with n2m.listening(note=joeynmt.note):
        sections = [section(name, args) for name in args.corpora.split(",")]
    show_tables("Pairs", sections, begun, load, args.report)


def section(asked: str, args: argparse.Namespace) -> tuple[str, list[list[str]]]:
    """Title and table of one corpus in one direction."""
    name, _, direction = asked.partition(":")
    word = name == "cedict"
    data = n2m.corpus(name, "word" if word else "translate", mirror=args.mirror, reverse=bool(direction))
    test = sample(data.test)
    found: dict[str, tuple[list[str], float]] = {}
    if "ours" not in args.without.split(","):
        models = [ours(asked, word, args, seed) for seed in range(1, args.ensemble + 1)]
        found["ours"] = answers_of(models[0], test), seconds_of(models[0])
        if len(models) > 1:
            found[f"ours, ensemble of {len(models)}"] = answers_of(n2m.ensemble(models), test), \
                sum(map(seconds_of, models))
        if "joeynmt" not in args.without.split(",") and not word:
            found["JoeyNMT, as long"] = joey(asked, data, test, models[0].settings, seconds_of(models[0]), args)
    found["nearest training source"] = timed(partial(nearest, data, test))
    found["the source, copied"] = [e.source for e in test], 0.0
    if word:
        found["glosses of its characters"] = timed(partial(by_characters, data, test))
    grid = [["", "BLEU", "BLEU, lower-cased", "chrF", "seconds"]]
    for title, (answers, seconds) in found.items():
        grid.append([title, *map(number, scores(answers, [e.target for e in test])), f"{seconds:.0f}"])
    return f"{asked}: {len(data.train):,} train, {len(test):,} of {len(data.test):,} test", grid


def scores(answers: list[str], references: list[str]) -> list[float]:
    """BLEU (over characters where the references are Chinese), BLEU of lower-cased text, and chrF."""
    lower = [[text.lower() for text in texts] for texts in (answers, references)]
    return [bleu(answers, references)[0], bleu(*lower)[0], chrf(answers, references)[0]]


def timed(answer: Any) -> tuple[list[str], float]:
    begun = time.time()
    return answer(), time.time() - begun


def ours(asked: str, word: bool, args: argparse.Namespace, seed: int) -> n2m.Model:
    """A model that is trained already is taken as it is."""
    name, _, direction = asked.partition(":")
    folder = args.work / f"{asked.replace(':', '-')}-{args.budget or 'default'}{f'-seed{seed}' if seed > 1 else ''}"
    joeynmt.note(f"{asked}: ours, in {folder}")
    return n2m.train("word" if word else "translate", name, folder=folder, mirror=args.mirror,
                     reverse=bool(direction), budget=args.budget, seed=seed)


def answers_of(model: n2m.Model, test: list[Example]) -> list[str]:
    """As an evaluation answers, and JoeyNMT: texts that are too long or unknown as well as can be."""
    return [best[0].text for best in model.task.answer(model.text_model, test, model.search_settings())]


def seconds_of(model: n2m.Model) -> float:
    """Of its training."""
    return model.metadata["history"]["seconds"]


def joey(asked: str, data: Dataset, test: list[Example], settings: Any, seconds: float,
         args: argparse.Namespace) -> tuple[list[str], float]:
    """JoeyNMT trained for so many seconds on tokens made by the tokenizers of our model, in a process of its own."""
    work = args.work / f"{asked.replace(':', '-')}-joeynmt"
    for folder in (work / "tokens", work / "results", work / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    python = args.joey_python.absolute() if args.joey_python else joeynmt.environment(args.work)
    kinds = {"source": settings.source_tokenizer or settings.tokenizer, "target": settings.tokenizer}
    tokenizers = {side: make_tokenizer("characters" if kind == "subwords" else kind) for side, kind in kinds.items()}
    for split, examples in (("train", data.train), ("dev", data.dev[:500]), ("test", test)):
        for side, tokenizer in tokenizers.items():
            lines = (" ".join(tokenizer.split(getattr(e, side))[:settings.max_length]) for e in examples)
            (work / "tokens" / f"{split}.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    job = {"folder": str(work), "model": str(work / "model"), "languages": ["source", "target"], "lowercase": False,
           "dropout": settings.dropout, "label_smoothing": settings.label_smoothing, "batch": settings.batch_size,
           "epochs": 1000, "seconds": seconds, "repeats": 1}
    side = [str(python), "-I", str(joeynmt.ROOT / "benchmarks" / "joeynmt_side.py")]
    trained = joeynmt.run(work, f"{asked}: JoeyNMT, training", False, side, {**job, "job": "train"})
    decoded = joeynmt.run(work, f"{asked}: JoeyNMT, decoding", False, side, {**job, "job": "decode"})
    answers = [tokenizers["target"].join(answer.split()) for answer in decoded["beam"]["answers"]]
    return answers, trained["epochs"][-1]["training_seconds"]


def nearest(data: Dataset, test: list[Example]) -> list[str]:
    train = data.train[:NEAREST]
    return baselines.nearest([e.source for e in train], [e.target for e in train], [e.source for e in test])


def by_characters(data: Dataset, test: list[Example]) -> list[str]:
    """The glosses of a word's characters, as far as they are in the training split."""
    known = {e.source: e.target for e in data.train if len(e.source) == 1}
    return [" ".join(known[c] for c in e.source if c in known) for e in test]


if __name__ == "__main__":
    command.run(main)
