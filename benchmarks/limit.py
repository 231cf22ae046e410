"""The speed of training compared with the machine's own matrix products, and where the rest of the time goes.

    python benchmarks/limit.py                    the default sizes of every task, and the race's: about five minutes
    python benchmarks/limit.py --only race --updates 50

The limit is the rate of torch.mm on square matrices, in fp32 and in bf16, measured at the start and again at the
end. An update is batch, loss, gradient, clipping and optimizer together. Its fraction of the limit is

    operations of its matrix products / its seconds / rate of the precision it computes in

where a product (m, k) × (k, n) counts as 2·m·k·n operations, counted by torch's FlopCounterMode. All other work (gates,
softmax, dropout, optimizer, copies, Python) takes time but counts as no operation. It is listed by operation, from
torch's profiler: `self` time, without the time of the operations that it calls.

The tasks train on their default corpora; the race is benchmarks/joeynmt.py's.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

import corpora
import tasks
from benchmarks import command, our_side
from benchmarks.command import MULTI30K
from core.batches import EncodedSplit
from core.data import Example, InputError
from core.distributed import ALONE
from core.machine import device, keep_freed_memory
from core.precision import choose_precision, seconds_of_product
from core.training_run import Run
from corpora.prepare.splits import prepare
from tasks.shared import training

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::addmv", "aten::mv")
RACE = {"race, dot after": ("dot", "after"), "race, additive before": ("additive", "before")}


def rates(sizes: tuple[int, ...] = (512, 1024, 2048)) -> dict[str, float]:
    """The highest rate, in operations per second, at which the machine multiplies two square matrices."""
    return {name: max(2 * n ** 3 / seconds_of_product(dtype, n) for n in sizes) for name, dtype in PRECISIONS.items()}


def task_run(name: str) -> Run:
    """The training that `run.py --task` starts."""
    task = tasks.find(name)
    corpus = corpora.find(task.default_corpus, task.format)
    dataset, settings = prepare(corpus, task.format), task.settings(corpus.suggested, {})
    return new_run(task, settings, dataset.train[:40_000], dataset.train)


def race_files(data: Path) -> list[Path]:
    files = [data / f"train.{language}.gz" for language in ("de", "en")]
    for path in files:
        if not path.is_file():
            raise InputError(f"--data {data}: {path.name} is missing; use --only with the name of a task")
    return files


def race_run(name: str, data: Path) -> Run:
    sides = []
    for path in race_files(data):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            sides.append([" ".join(line.split()) for line in lines])
    examples = [Example(source, target) for source, target in zip(*sides) if source and target]
    attention, placement = RACE[name]
    settings = our_side.settings({"attention": attention, "placement": placement, "precision": "auto", "epochs": 1,
                                  "rate": 1e-3, "schedule": "constant"})
    return new_run(tasks.find("translate"), settings, examples, examples)


def new_run(task: tasks.Task, settings, examples, vocabulary_from) -> Run:
    """examples: as many as are needed here; vocabulary_from: all of them, since the vocabulary decides the sizes."""
    model = training.create(task, settings, vocabulary_from)
    data: EncodedSplit = model.encode(examples)
    training.start_from_counts(model, data)
    model.network.train()
    run = Run(model.network, data, data, settings, ALONE)
    run.history.precision = choose_precision(settings.precision, run.where)
    return run


def measure(run: Run, updates: int, repeats: int) -> tuple[float, float, list[tuple[str, float]]]:
    """Of one update: operations, seconds, and the fraction of the time of each kind of operation.

    The batches are always the same; the shortest time counts.
    """
    batches = run.data.plan_batches(run.settings, 1)[:updates]

    def train() -> float:
        begun = time.perf_counter()
        for index in batches:
            run.update([index])
        return time.perf_counter() - begun

    with FlopCounterMode(display=False) as counted:
        train()
    seconds = min(train() for _ in range(repeats))
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        profiled = train()
    events = sorted(seen.key_averages(), key=lambda e: -e.self_cpu_time_total)
    shares = [(e.key, e.self_cpu_time_total / 1e6 / profiled) for e in events]
    return counted.get_total_flops() / len(batches), seconds / len(batches), shares


def report(name: str, run: Run, limit: dict[str, float], args: argparse.Namespace) -> None:
    operations, seconds, shares = measure(run, args.updates, args.repeats)
    precision = run.history.precision
    rate = operations / seconds
    size = sum(p.numel() for p in run.model.parameters())
    print(f"\n{name}: {size:,} parameters, {precision}; an update of {run.settings.batch_size} examples takes "
          f"{seconds * 1e3:.0f} ms, with {operations / 1e9:.2f} G operations\n"
          f"  {rate / 1e9:,.0f} G/s, {rate / limit[precision]:.0%} of this machine's {precision} rate "
          f"({rate / limit['fp32']:.0%} of its fp32 rate)")
    products = sum(share for key, share in shares if key in PRODUCTS)
    if products:
        print(f"  while it multiplies, {rate / products / 1e9:,.0f} G/s; the rest of the time:")
    rest = [(key, share) for key, share in shares if key not in PRODUCTS]
    lines = [("matrix products", products), *rest[:args.operations]]
    lines.append(("other operations, and Python between them", 1 - sum(share for _, share in lines)))
    for key, share in lines:
        print(f"  {share:6.1%}  {key}")
    sys.stdout.flush()


def main() -> int:
    known = [*(t.name for t in tasks.all_tasks()), *RACE]
    p = command.Parser("The fraction of the machine's matrix-product rate that training reaches.")
    p.add_argument("--only", metavar="NAME", help=f"only names that begin with this: {', '.join(known)}")
    p.add_argument("--updates", type=command.positive, default=30, metavar="N", help="timed updates (default 30)")
    p.add_argument("--repeats", type=command.positive, default=3, metavar="N", help="repetitions, of which the fastest "
                   "counts (default 3)")
    p.add_argument("--operations", type=command.positive, default=14, metavar="N", help="lines of the profile "
                   "(default 14)")
    p.add_argument("--data", type=Path, default=MULTI30K, metavar="DIR",
                   help="the race's corpus: train.de.gz and train.en.gz (default ../shared/corpora/multi30k)")
    args = p.parse_args()
    if device().type != "cpu":
        raise InputError("there is a GPU, but this measures the CPU; set CUDA_VISIBLE_DEVICES to an empty text")
    chosen = [name for name in known if name.startswith(args.only or "")]
    if not chosen:
        raise InputError(f"--only {args.only} is unknown; use {', '.join(known)}")
    if set(chosen) & set(RACE):
        race_files(args.data)  # refused before anything slow begins
    keep_freed_memory()
    torch.mm(torch.ones(2048, 2048), torch.ones(2048, 2048))  # starts the threads
    limit = rates()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; torch.mm: "
          + ", ".join(f"{name} {rate / 1e9:,.0f} G operations/s" for name, rate in limit.items()), flush=True)
    for name in chosen:
        report(name, race_run(name, args.data) if name in RACE else task_run(name), limit, args)
    print("\ntorch.mm again: " + ", ".join(f"{n} {r / 1e9:,.0f} G operations/s" for n, r in rates().items()))
    return 0


if __name__ == "__main__":
    command.run(main)
