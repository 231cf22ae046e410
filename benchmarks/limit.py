"""How near a training step comes to what the machine can multiply: a table, and where the rest of the time goes.

    python benchmarks/limit.py                    the default sizes of every task, and the race's: some five minutes
    python benchmarks/limit.py --only race --updates 50

The limit is the rate of torch.mm on square matrices, in fp32 and in bf16, measured at the beginning and again at the
end. A training step is all of an update: batch, loss, gradient, clipping, optimizer. Its share of the limit is

    operations of its matrix products / its seconds / rate of the precision it computes in

where a product (m, k) × (k, n) counts 2·m·k·n operations, counted by torch's FlopCounterMode as they are asked for. All
other work (gates, softmax, dropout, optimizer, copies, Python) counts as no operation but takes its time, and is listed
by operation as torch's profiler sees it: `self` time, so what one operation spends in another is the other's.

The tasks train on their default corpora; the race is benchmarks/joeynmt.py's.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, where it is not installed

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

import corpora
import tasks
from benchmarks import our_side
from core.batches import EncodedSplit
from core.data import Example, InputError
from core.distributed import ALONE
from core.machine import device, keep_freed_memory
from core.precision import choose_precision, seconds_of_product
from core.training_run import Run
from corpora.prepare.splits import prepare
from tasks.shared import text_model

ROOT = Path(__file__).resolve().parent.parent
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::addmv", "aten::mv")
RACE = {"race, dot after": ("dot", "after"), "race, additive before": ("additive", "before")}


def rates(sizes: tuple[int, ...] = (512, 1024, 2048)) -> dict[str, float]:
    """The highest rate, in operations a second, at which the machine multiplies two square matrices."""
    return {name: max(2 * n ** 3 / seconds_of_product(dtype, n) for n in sizes) for name, dtype in PRECISIONS.items()}


def task_run(name: str) -> Run:
    """A training of the task, as `run.py --task` would begin it."""
    task = tasks.find(name)
    corpus = corpora.find(task.default_corpus, task.format)
    dataset, settings = prepare(corpus, task.format), task.settings(corpus.suggested, {})
    return new_run(task, settings, dataset.train[:40_000], dataset.train)


def race_run(name: str, data: Path) -> Run:
    sides = []
    for language in ("de", "en"):
        path = data / f"train.{language}.gz"
        if not path.is_file():
            raise InputError(f"--data {data}: has no {path.name}; --only names what needs no such folder")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            sides.append([" ".join(line.split()) for line in lines])
    examples = [Example(source, target) for source, target in zip(*sides) if source and target]
    attention, placement = RACE[name]
    settings = our_side.settings({"attention": attention, "placement": placement, "precision": "auto", "epochs": 1,
                                  "rate": 1e-3, "schedule": "constant"})
    return new_run(tasks.find("translate"), settings, examples, examples)


def new_run(task: tasks.Task, settings, examples, vocabulary_from) -> Run:
    """examples: as many as are needed here; the vocabulary is that of all, for it decides about the sizes."""
    model = text_model.create(task, settings, vocabulary_from)
    data: EncodedSplit = model.encode(examples)
    model.network.train()
    run = Run(model.network, data, data, settings, ALONE)
    run.history.precision = choose_precision(settings.precision, run.where)
    return run


def measure(run: Run, updates: int, repeats: int) -> tuple[float, float, list[tuple[str, float]]]:
    """Of one update: operations, seconds, and the share of the time of each kind of operation. Always the same batches;
    the shortest time counts."""
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
          f"{seconds * 1e3:.0f} ms and multiplies {operations / 1e9:.2f} G\n"
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
    p = argparse.ArgumentParser(description="What share of the machine's matrix-product rate a training step reaches.")
    p.add_argument("--only", metavar="NAME", help=f"those whose name begins so: {', '.join(known)}")
    p.add_argument("--updates", type=int, default=30, metavar="N", help="of which the time is taken (default 30)")
    p.add_argument("--repeats", type=int, default=3, metavar="N", help="the best counts (default 3)")
    p.add_argument("--operations", type=int, default=14, metavar="N", help="lines of a profile (default 14)")
    p.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "corpora" / "multi30k", metavar="FOLDER",
                   help="the race's corpus: train.de.gz and train.en.gz (default ../shared/corpora/multi30k)")
    args = p.parse_args()
    try:
        if device().type != "cpu":
            raise InputError("a GPU: here the CPU's rate is measured; set CUDA_VISIBLE_DEVICES to nothing")
        if min(args.updates, args.repeats, args.operations) < 1:
            raise InputError("--updates, --repeats and --operations must be at least 1")
        chosen = [name for name in known if name.startswith(args.only or "")]
        if not chosen:
            raise InputError(f"--only {args.only}: known are {', '.join(known)}")
        keep_freed_memory()
        torch.mm(torch.ones(2048, 2048), torch.ones(2048, 2048))  # wakes the threads
        limit = rates()
        print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; torch.mm: "
              + ", ".join(f"{name} {rate / 1e9:,.0f} G operations/s" for name, rate in limit.items()), flush=True)
        for name in chosen:
            report(name, race_run(name, args.data) if name in RACE else task_run(name), limit, args)
        print("\ntorch.mm again: " + ", ".join(f"{n} {r / 1e9:,.0f} G operations/s" for n, r in rates().items()))
    except InputError as error:
        print("limit.py: " + " ".join(str(error).split("\n")), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("limit.py: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
