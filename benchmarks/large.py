"""A corpus of millions of pairs in; how long a run takes to start, and how much memory it takes, out.

    python benchmarks/large.py                   10 million made-up pairs (Linux; about 5 GB of disk)
    python benchmarks/large.py --pairs 200000    a quick look

Runs run.py on the corpus twice, as a user would, with a cache folder of its own. The first run reads, splits, encodes,
trains for a while, is stopped as by Ctrl-C, and evaluates. The second finds all that prepared, and is ended as soon as
it trains. Resident memory is read from /proc: of the parent, of its largest child, and of all together with shared
pages counted once.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
# What the run says when a phase is over, in turn.
SIGNS = {"read and split": rb" train, [\d,]+ dev", "encode": rb"training [\d,]+ parameters",
         "first update": rb"training: ", "train": rb"trained \d+ epoch", "evaluate": None}


def write_corpus(path: Path, pairs: int, words: int = 50_000, mean: int = 10, block: int = 100_000) -> None:
    """Sentences of made-up words drawn by Zipf's law; a target is its source, word by word, in another language."""
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
        except OSError:  # it has just ended
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


def run(arguments: list[str], cache: Path, training: float | None) -> tuple[dict[str, float], Peaks]:
    """Seconds, and peak bytes, of each phase. training: seconds of it before Ctrl-C; None ends the run at its begin."""
    process = subprocess.Popen([sys.executable, str(ROOT / "run.py"), *arguments], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, "N2M_CACHE": str(cache)},
                               # A shell's background job ignores Ctrl-C, and so would its children.
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    said = bytearray()
    listener = threading.Thread(target=lambda: [said.extend(b) for b in iter(lambda: os.read(
        process.stderr.fileno(), 1 << 16), b"")], daemon=True)
    listener.start()
    phases = list(SIGNS)
    begun, seconds, peaks = time.perf_counter(), {}, {}
    stop_at = float("inf")
    while process.poll() is None:
        now = time.perf_counter()
        peak = peaks.setdefault(phases[0], {})
        for name, size in memory(process.pid).items():
            peak[name] = max(peak.get(name, 0), size)
        if SIGNS[phases[0]] and re.search(SIGNS[phases[0]], said):
            seconds[phases[0]] = now - begun
            if phases[0] == "first update":
                if training is None:
                    process.kill()
                stop_at = now + (training or 0)
            begun = now
            phases.pop(0)
        if now > stop_at:
            process.send_signal(signal.SIGINT)
            stop_at = float("inf")
        time.sleep(0.1)
    seconds[phases[0]] = time.perf_counter() - begun
    listener.join()
    if process.returncode and training is not None:
        sys.exit(said.decode(errors="replace"))
    return seconds, peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--training", type=float, default=60, metavar="SECONDS", help="how long the first run trains")
    parser.add_argument("--folder", type=Path, help="where the corpus and the cache go (default: a temporary folder)")
    args, more = parser.parse_known_args()  # the rest is for run.py
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        corpus = folder / "large.tsv"
        begun = time.perf_counter()
        write_corpus(corpus, args.pairs)
        print(f"{args.pairs:,} pairs, {corpus.stat().st_size / 1e6:,.0f} MB, written in "
              f"{time.perf_counter() - begun:.0f} s", flush=True)
        flags = ["--task", "translate", "--corpus", str(corpus), "--tokenizer", "words", "--max-vocabulary", "20000",
                 "--max-output", "20", "--model-dir", str(folder / "model"), *more]
        for title, training in (("first run", args.training), ("second run", None)):
            seconds, peaks = run([*flags, "--retrain"], folder / "cache", training)
            print(f"\n{title}: {sum(s for p, s in seconds.items() if p in list(SIGNS)[:3]):.1f} s until it trains")
            for phase, peak in peaks.items():
                print(f"  {phase:<15} {seconds[phase]:8.1f} s   peak resident, MiB: "
                      + ", ".join(f"{who} {size / 2 ** 20:,.0f}" for who, size in peak.items()), flush=True)
        kept = sum(f.stat().st_size for f in (folder / "cache").rglob("*") if f.is_file())
        print(f"\nkept in the cache folder: {kept / 1e6:,.0f} MB, {kept / args.pairs:.0f} bytes a pair")


if __name__ == "__main__":
    main()
