"""What a reader would notice of the texts a model writes, beside other ways of writing them: one table.

    python benchmarks/writing.py                                 the model in models/poem, or one that is trained first
    python benchmarks/writing.py --only varied,beam --judged 0 --judge none    a quick look
    python benchmarks/writing.py --task word                     texts about a theme
    python benchmarks/writing.py --task translate --corpus couplets

Each contestant writes the next lines of the same test examples. No column can be trusted alone: sampling passes as a
poet's and has no sense, the most likely line has sense and is always the same. What else has to be trained (the judge,
the language model, the model of Yi, Li and Sun) stays under --out, and is loaded the next time.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import torch

import n2m
import tasks
from benchmarks import command
from benchmarks.writing_contestants import SEARCHES, Contestant, Ours, Poets, Shuffled, yi_li_sun
from benchmarks.writing_lm import language_model
from benchmarks.writing_report import markdown, printed
from benchmarks.writing_trial import Trial
from benchmarks.writing_trigrams import Trigrams
from core import checkpoint
from core.data import InputError
from corpora.fetch.download import cache_folder
from corpora.prepare.splits import Dataset
from n2m import data
from tasks.shared.training import versions

LINES_ONLY = ("lstm", "yi-li-sun", "kneser-ney")  # contestants that write lines of poems, and nothing else
NAMES = (*SEARCHES, "poets", "shuffled", *LINES_ONLY)
JUDGED_ON = {"tang": "song", "tang-song": "song", "song": "tang"}  # what the writer has not seen, but for tang-song


def parser() -> command.Parser:
    p = command.Parser(__doc__)
    p.add_argument("--task", default="poem", choices=("poem", "word", "translate"), help="what is written: lines of "
                   "poems, texts about a theme, or second lines of couplets (default poem)")
    p.add_argument("--corpus", metavar="NAME", help="corpus of a model that is trained first (default: the task's)")
    p.add_argument("--model-dir", type=Path, metavar="DIR", help="trained model (default models/TASK if there is one; "
                   "otherwise one is trained in --out)")
    p.add_argument("--out", type=Path, default=cache_folder() / "benchmarks" / "writing", metavar="DIR",
                   help="directory for what is trained (default %(default)s)")
    p.add_argument("--report", type=Path, metavar="FILE", help="Markdown file for the table and texts to read")
    p.add_argument("--only", metavar="NAMES", help=f"contestants, divided by commas: {', '.join(NAMES)}")
    p.add_argument("--lines", type=command.positive, default=4000, metavar="N", help="texts of each (default 4000)")
    p.add_argument("--poems", type=command.positive, default=200, metavar="N", help="whole poems (default 200)")
    p.add_argument("--judged", type=partial(command.at_least, 0), default=20_000, metavar="N",
                   help="poets' texts, and as many written ones, that a classifier tells apart; 0: none "
                   "(default 20000)")
    p.add_argument("--judge", metavar="DIR", help="independent model for fluency and coherence; none: leave them out "
                   "(default: one for poems is trained on other poems)")
    p.add_argument("--budget", type=command.positive, metavar="MINUTES", help="training time of each model")
    p.add_argument("--limit", type=partial(command.at_least, 0), default=0, metavar="N", help="training examples of "
                   "each model: a quick check; 0 uses all")
    p.add_argument("--minutes", type=float, metavar="N", help="training time of the language model (default: as long "
                   "as the model took)")
    p.add_argument("--seed", type=partial(command.at_least, 0), default=1, help="random seed (default 1)")
    return p


def main() -> None:
    args = parser().parse_args()
    chosen = [name for name in NAMES if args.task == "poem" or name not in LINES_ONLY]
    if args.only:
        chosen, known = [name.strip() for name in args.only.split(",")], chosen
        if unknown := [name for name in chosen if name not in known]:
            raise InputError(f"--only {unknown[0]} is unknown; use {', '.join(known)}")
    with n2m.listening(note=lambda text: print(text, file=sys.stderr, flush=True)):
        compare(args, chosen)


def compare(args: argparse.Namespace, chosen: list[str]) -> None:
    begun, load = time.time(), os.getloadavg()[0]
    trained = options(args)
    place = args.model_dir or Path("models") / args.task
    model = n2m.load(place) if args.model_dir or checkpoint.is_model(place) else n2m.train(
        args.task, args.corpus, args.out / args.task, **trained)
    if model.task.name != args.task:
        raise InputError(f"{place}: found a model for `task` {model.task.name}; use --task {model.task.name}")
    dataset = data.of_model(model.metadata["corpus"], model.task, model.settings.limit)
    trial = Trial(model, dataset, find_judge(args, model, trained), args.out / "told", args.lines, args.judged,
                  args.poems)
    rows: dict[str, dict[str, float]] = {}
    samples: dict[str, list[str]] = {}
    for name in chosen:
        contestant = make(name, model, dataset, args)
        rows[contestant.title], samples[contestant.title] = trial.run(name, contestant)
    facts = [f"`{shlex.join(['python', *sys.argv])}`; seed {args.seed}; "
             + ", ".join(f"{name} {v}" for name, v in versions().items()), *trial.facts(),
             f"{(time.time() - begun) / 60:.0f} minutes on {platform.processor() or platform.machine()}, "
             f"{torch.get_num_threads()} threads; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after"]
    print("\n".join([*facts, "", printed(rows)]))
    if args.report:
        args.report.parent.mkdir(parents=True, exist_ok=True)
        args.report.write_text(markdown(f"Writing: {args.task}", facts, rows, samples), encoding="utf-8")
        print(f"\nas Markdown, with texts to read: {args.report}")


def options(args: argparse.Namespace) -> dict[str, Any]:
    """How the model and the judge are trained. Both have to know p(output)."""
    budget = tasks.find(args.task).budget(args.budget)
    usual = {**tasks.find(args.task).defaults, **budget}.get("source_dropout")
    return {"budget": args.budget} | ({"limit": args.limit} if args.limit else {}) \
        | ({} if usual else {"source_dropout": 0.1})


def find_judge(args: argparse.Namespace, model: n2m.Model, trained: dict[str, Any]) -> n2m.Model | None:
    """An independent model: of another cell and seed, trained on poems that the model has not seen."""
    if args.judge:
        return None if args.judge == "none" else n2m.load(args.judge)
    corpus = JUDGED_ON.get(model.metadata["corpus"]["name"])
    return n2m.train(args.task, corpus, args.out / f"judge-{corpus}", cell="lstm", seed=2, **trained) \
        if corpus and args.task == "poem" else None


def make(name: str, model: n2m.Model, dataset: Dataset, args: argparse.Namespace) -> Contestant:
    if name in SEARCHES:
        return Ours(model, *SEARCHES[name], seed=args.seed)
    if name in ("poets", "shuffled"):
        return Poets() if name == "poets" else Shuffled(args.seed)
    if name == "kneser-ney":
        return Trigrams(model.text_model, dataset.train, args.seed)
    if name == "yi-li-sun":
        return yi_li_sun(model, args.out / name, args.seed)
    minutes = args.minutes or model.metadata["history"]["seconds"] / 60
    return language_model(model, (dataset.train, dataset.dev), args.out / name, minutes, args.seed)


if __name__ == "__main__":
    command.run(main)
