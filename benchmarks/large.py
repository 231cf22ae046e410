"""Time until training starts, and peak memory, with a corpus of millions of pairs.

    python benchmarks/large.py                   10 million generated pairs (Linux; about 5 GB of disk)
    python benchmarks/large.py --pairs 200000    a quick look

Runs run.py on the corpus twice, with an empty cache directory of its own. The first run reads, splits, encodes, trains
until a time limit, and evaluates. The second run finds the encoded corpus in the cache, and is killed
once it trains. Resident memory is read from /proc: of the parent, of its largest child, and of all processes together
with shared pages counted once. Other flags are passed to run.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import numpy as np

from benchmarks import command
from benchmarks.command import ROOT
from n2m.cli import flags

# What run.py prints at the end of each phase, in their order.
SIGNS = {"read and split": rb" train, [\d,]+ dev", "encode": rb"training [\d,]+ parameters",
         "first update": rb"training: ", "train": rb"trained \d+ epoch", "evaluate": None}


def write_corpus(path: Path, pairs: int, words: int = 50_000, mean: int = 10, block: int = 100_000) -> None:
    """Sentences of generated words that follow Zipf's law; a target is its source, translated word by word."""
    random = np.random.default_rng(1)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "is")]
    spelled = {"".join(random.choice(syllables, random.integers(1, 5))) for _ in range(3 * words)}
    left, right = (np.array(list(part)) for part in (sorted(spelled)[:words], sorted(spelled, reverse=True)[:words]))
    random.shuffle(left)
    random.shuffle(right)
    chances = np.cumsum(1 / (np.arange(len(left)) + 2.7))
    with open(path, "w", encoding="utf-8") as file:
        for start in range(0, pairs, block):
            ends = np.cumsum(random.integers(mean // 2, mean * 3 // 2 + 1, min(block, pairs - start))).tolist()
            drawn = np.searchsorted(chances, random.random(ends[-1]) * chances[-1])
            source, target = left[drawn].tolist(), right[drawn].tolist()
            file.writelines(f"{' '.join(source[a:b])}\t{' '.join(target[a:b])}\n" for a, b in zip([0, *ends], ends))


def memory(process: int) -> dict[str, int]:
    """Bytes: resident in the process, in the largest of its children, and proportionally shared by all of them."""
    def field(of: int, file: str, name: str) -> int:
        try:
            found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{of}/{file}").read_text(), re.M)
        except OSError:  # the process has just ended
            found = None
        return int(found[1]) * 1024 if found else 0
    try:
        children = [int(c) for c in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        children = []
    return {"parent": field(process, "status", "VmRSS"),
            "largest child": max((field(c, "status", "VmRSS") for c in children), default=0),
            "all, shared once": sum(field(p, "smaps_rollup", "Pss") for p in [process, *children])}


Peaks = dict[str, dict[str, int]]  # phase → process → bytes


def run(arguments: list[str], cache: Path, whole: bool) -> tuple[dict[str, float], Peaks]:
    """Seconds and peak bytes of each phase. whole: to its end; otherwise it is killed once it trains."""
    process = subprocess.Popen([sys.executable, str(ROOT / "run.py"), *arguments], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, "N2M_CACHE": str(cache)})
    printed = bytearray()
    listener = threading.Thread(target=lambda: [printed.extend(b) for b in iter(lambda: os.read(
        process.stderr.fileno(), 1 << 16), b"")], daemon=True)
    listener.start()
    phases = list(SIGNS)
    begun, seconds, peaks = time.perf_counter(), {}, {}
    while process.poll() is None:
        now = time.perf_counter()
        peak = peaks.setdefault(phases[0], {})
        for name, size in memory(process.pid).items():
            peak[name] = max(peak.get(name, 0), size)
        if SIGNS[phases[0]] and re.search(SIGNS[phases[0]], printed):
            seconds[phases[0]] = now - begun
            if phases[0] == "first update" and not whole:
                process.kill()
            begun = now
            phases.pop(0)
        time.sleep(0.1)
    seconds[phases[0]] = time.perf_counter() - begun
    listener.join()
    if process.returncode and whole:
        sys.exit(printed.decode(errors="replace"))
    return seconds, peaks


def main() -> None:
    parser = command.Parser(__doc__)
    parser.add_argument("--pairs", type=command.positive, default=10_000_000, metavar="N",
                        help="pairs of the corpus (default 10,000,000)")
    parser.add_argument("--training", type=float, default=60, metavar="SECONDS",
                        help="training time of the first run (default 60)")
    parser.add_argument("--folder", type=Path, metavar="DIR",
                        help="directory of the corpus and the cache (default: a temporary one)")
    args, more = parser.parse_known_args()
    flags.parser().parse_args(["--task", "translate", *more])  # refuses a wrong flag before anything slow begins
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        corpus = folder / "large.tsv"
        begun = time.perf_counter()
        write_corpus(corpus, args.pairs)
        print(f"{args.pairs:,} pairs, {corpus.stat().st_size / 1e6:,.0f} MB, written in "
              f"{time.perf_counter() - begun:.0f} s", flush=True)
        arguments = ["--task", "translate", "--corpus", str(corpus), "--tokenizer", "words", "--max-vocabulary",
                     "20000", "--max-output", "20", "--model-dir", str(folder / "model"),
                     "--time-limit", str(args.training / 60), *more]
        for title, whole in (("first run", True), ("second run", False)):
            seconds, peaks = run([*arguments, "--retrain"], folder / "cache", whole)
            waited = sum(s for p, s in seconds.items() if p in list(SIGNS)[:3])
            print(f"\n{title}: {waited:.1f} s until training starts")
            for phase, peak in peaks.items():
                print(f"  {phase:<15} {seconds[phase]:8.1f} s   peak resident, MiB: "
                      + ", ".join(f"{who} {size / 2 ** 20:,.0f}" for who, size in peak.items()), flush=True)
        cached = sum(f.stat().st_size for f in (folder / "cache").rglob("*") if f.is_file())
        print(f"\nsize of the cache: {cached / 1e6:,.0f} MB, {cached / args.pairs:.0f} bytes per pair")


if __name__ == "__main__":
    command.run(main)
