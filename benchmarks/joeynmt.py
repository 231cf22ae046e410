"""A race against JoeyNMT 2.3.0 on multi30k, German to English: speed, memory and BLEU as ratios.

    python benchmarks/joeynmt.py                           about 40 minutes on two cores, mostly JoeyNMT's training
    python benchmarks/joeynmt.py --limit 640 --epochs 1    a quick check

Each contestant trains and decodes in processes of its own, one after the other, with nothing else running.
Both get: the very same lower-cased words (split by core.tokenizer.Words), those seen twice at least; embeddings of 256,
a bidirectional GRU of 2 × 256, a GRU decoder of 512, additive attention of 512 or the variant named, untied
output; batches of 128, Adam, gradients clipped at 1, dropout 0.2, the mean loss of a token; as many epochs; the same
torch and as many threads (torch's own default; OMP_NUM_THREADS changes it for both). Answers have at most 60 tokens.

What is timed:
- training: from data in memory to the end of the last epoch. Validation (dev loss, greedy translation of the dev
  split, saving the model) is left out, and shown with it on another line.
- time to BLEU: until the weights exist that reach the dev BLEU of JoeyNMT's last epoch; looked at after each epoch.
  Where as many epochs do not bring us there, we train once more, from the beginning, for twice as many.
- decoding: 1,000 test sentences, raw text to raw text for us, tokens to tokens for JoeyNMT; the model that had the
  best dev loss, loaded and warm; the best of --repeats for both. Start-up (imports, loading) is shown apart.
- memory: the most that the process ever held, training with its validations, and decoding.
- BLEU: sacrebleu, 13a, on lower-cased text, one function for both, from the answers that each handed over.

What differs, for it is what the toolkits are:
- JoeyNMT feeds the output of the attention back into its cell and projects 512 numbers onto the vocabulary; we
  project a readout of 256, as the project always does. Parameters are shown. JoeyNMT ends sources with </s>.
- JoeyNMT computes in fp32 on a CPU: its `fp16` setting is switched off there. We take bf16 for matrix products in
  training where a trial shows it to be faster (precision auto); a run in fp32 is timed too. Decoding is fp32 in both.
- JoeyNMT turns words into ids while it trains, we do it once, before: the time for it counts as training in both.
  JoeyNMT batches at random and packs, we batch by length and pad.
- JoeyNMT decodes batches of 128 sentences, we take 512 hypotheses at once. Beams are ranked by each one's own length
  rule: (5 + n)/6 to the power 1 there, n to the power 0.8 here.
- Our learning rate rises over 100 updates, then goes as --rate and --schedule say; JoeyNMT's is 0.001 throughout.

With --marian PATH, Marian's s2s of the same sizes trains on the same tokens with as many threads as cores, and decodes
them; start-up counts in training and is left out in decoding. Its s2s has conditional GRU cells and a deep output of
its own. This has been tried with a stand-in for Marian only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command, marian_side
from benchmarks.command import MULTI30K, ROOT
from benchmarks.joeynmt_report import reached, results, score, score_answers, table, uneven
from core.data import InputError
from core.tokenizer import Words, normalize
from corpora.fetch.download import cache_folder

# No torch here: the memory of a parent that starts a process would count as that process's own.
TORCH = version("torch").split("+")[0]
REQUIREMENTS = ["joeynmt==2.3.0", f"torch=={TORCH}", "importlib_metadata"]  # the last: imported, but not declared
SPLITS = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
SIZES = {"train": 29000, "dev": 1014, "test": 1000}
# name: attention, placement, precision
VARIANTS = {"dot after": ("dot", "after", "auto"), "dot after, fp32": ("dot", "after", "fp32"),
            "additive after": ("additive", "after", "auto"), "additive before": ("additive", "before", "auto")}


def parser() -> command.Parser:
    p = command.Parser("Race against JoeyNMT 2.3.0 on multi30k, German to English.")
    p.add_argument("--epochs", type=command.positive, default=4, metavar="N",
                   help="epochs of both (default 4)")
    p.add_argument("--data", type=Path, default=MULTI30K, metavar="DIR",
                   help="directory with train, val and test_2016_flickr as .de.gz and .en.gz "
                   "(default ../shared/corpora/multi30k)")
    p.add_argument("--work", type=Path, default=cache_folder() / "benchmarks", metavar="DIR",
                   help="directory for the virtual environment, texts, models, logs and results (default %(default)s)")
    p.add_argument("--out", type=Path, metavar="FILE", help="JSON file of the figures (default joeynmt.json in --work)")
    p.add_argument("--limit", type=int, default=0, metavar="N", help="number of training pairs, dev and "
                   "test in proportion: a quick check; 0 uses all")
    p.add_argument("--speed-updates", type=command.positive, default=100, metavar="N", help="timed updates of each "
                   "variant of our model (default 100)")
    p.add_argument("--repeats", type=command.positive, default=3, metavar="N", help="decoding runs, of which the "
                   "fastest counts (default 3)")
    p.add_argument("--rate", type=float, default=1e-3, help="our learning rate (default 0.001, as JoeyNMT's)")
    p.add_argument("--schedule", default="constant", choices=("constant", "cosine"), help="our learning rate after a "
                   "warm-up of 100 updates (default constant)")
    p.add_argument("--decode-only", action="store_true", help="reuse the trained models of the last race in --work")
    p.add_argument("--joey-python", type=Path, metavar="PATH", help="a Python with JoeyNMT 2.3.0; by default "
                   "one is installed with pip into a new virtual environment")
    p.add_argument("--marian", type=Path, metavar="PATH", help="Marian's program `marian`, with marian-decoder beside "
                   "it: races too")
    return p


def main() -> None:
    args = parser().parse_args()
    if args.marian:
        marian_side.decoder_of(args.marian)
    if args.limit and args.limit < 128:
        raise InputError(f"--limit {args.limit} must be 0, or at least 128, one batch")
    race(args)


def race(args: argparse.Namespace) -> None:
    work = args.work.resolve()
    out = args.out or work / "joeynmt.json"
    for folder in (work / "text", work / "tokens", work / "results", work / "logs", out.parent):
        folder.mkdir(parents=True, exist_ok=True)
    references = write_texts(args.data, work, args.limit)
    theirs = args.joey_python.absolute() if args.joey_python else environment(work)
    trial = [theirs, "-I", "-c", "import joeynmt.prediction"]
    if not os.access(theirs, os.X_OK) or subprocess.run(trial, capture_output=True, check=False).returncode:
        raise InputError(f"--joey-python {theirs}: cannot import joeynmt; install "
                         f"{', '.join(REQUIREMENTS)} there, or remove the flag to have an environment made")
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 0.5:
        note(f"the machine is busy (load {load:.1f}): the figures will be too low; run nothing else meanwhile")
    begun = time.time()
    common = {"folder": str(work), "epochs": args.epochs, "repeats": args.repeats, "updates": 0, "rate": args.rate,
              "schedule": args.schedule}

    def ours(name: str, job: str, variant: str, **more) -> dict:
        attention, placement, precision = VARIANTS[variant]
        return run(work, name, args.decode_only, [sys.executable, str(ROOT / "benchmarks" / "our_side.py")], {
            **common, "job": job, "model": str(work / "n2m_model"), "attention": attention, "placement": placement,
            "precision": precision, **more})

    def joeynmt(name: str, job: str) -> dict:
        return run(work, name, args.decode_only, [str(theirs), "-I", str(ROOT / "benchmarks" / "joeynmt_side.py")],
                   {**common, "job": job, "model": str(work / "joeynmt_model")})

    figures = {"n2m": {"train": ours("n2m: training, dot after", "train", "dot after"),
                       "decode": ours("n2m: decoding", "decode", "dot after"),
                       "speed": {v: ours(f"n2m: speed, {v}", "train", v, epochs=1, updates=args.speed_updates)
                                 for v in VARIANTS if v != "dot after"}},
               "JoeyNMT": {"train": joeynmt("JoeyNMT: training", "train"),
                           "decode": joeynmt("JoeyNMT: decoding", "decode")}}
    score(figures, references)
    if reached(figures) == math.inf:  # the same training again, for longer: JoeyNMT's time leaves room for it
        more = {"train": ours("n2m: training on, to JoeyNMT's BLEU", "train", "dot after", epochs=2 * args.epochs,
                              model=str(work / "n2m_longer"))}
        score({"n2m": more}, references)
        figures["n2m"]["longer"] = more["train"]
    if args.marian:
        note("Marian: training and decoding")
        figures["Marian"] = marian_side.race(args.marian.resolve(), work, args.epochs, args.rate, follow)
        score_answers(figures["Marian"]["decode"].values(), references["test"])
    for what in uneven(figures, TORCH):
        note(f"uneven: {what}")
    rows = results(figures)
    print(f"\nn2m and JoeyNMT 2.3.0 on multi30k, German → English, {args.epochs} epochs"
          f"{f', only {args.limit:,} training pairs' if args.limit else ''}; {(time.time() - begun) / 60:.0f} minutes"
          + "; trainings as in the race before" * args.decode_only)
    print("\n".join(table(figures, rows)))
    out.write_text(json.dumps({
        "settings": {name: str(value) if isinstance(value, Path) else value for name, value in vars(args).items()},
        "machine": {"processor": platform.processor() or platform.machine(), "processors": os.cpu_count(),
                    "system": platform.platform(), "python": platform.python_version()},
        "results": rows, "figures": figures}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\nas JSON: {out}; logs: {work / 'logs'}")


# before the race


def write_texts(data: Path, work: Path, limit: int) -> dict[str, list[str]]:
    """Each split as raw lines in `text`, for us, and as lower-cased tokens in `tokens`, for JoeyNMT. Returns the
    references of dev and test: the lower-cased targets."""
    words, references = Words(), {}
    for split, file in SPLITS.items():
        sides = []
        for language in ("de", "en"):
            path = data / f"{file}.{language}.gz"
            if not path.is_file():
                raise InputError(f"--data {data}: {path.name} is missing; needs {', '.join(SPLITS.values())}, "
                                 "each as .de.gz and .en.gz")
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                sides.append([" ".join(line.split()) for line in lines])
        count = max(32, SIZES[split] * limit // SIZES["train"]) if limit else None
        pairs = [pair for pair in zip(*sides) if all(pair)][:count]
        for language, lines in zip(("de", "en"), zip(*pairs)):
            clean = [normalize(line, lowercase=True) for line in lines]
            for folder, texts in (("text", lines), ("tokens", (" ".join(words.split(line)) for line in clean))):
                (work / folder / f"{split}.{language}").write_text("".join(t + "\n" for t in texts), encoding="utf-8")
        references[split] = clean  # the last language's: English
    return references


def environment(work: Path) -> Path:
    """The Python of a virtual environment that holds REQUIREMENTS; made if it is missing or incomplete."""
    folder = work / "joeynmt_venv"
    done, log = folder / "requirements.txt", work / "logs" / "environment.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if not done.is_file() or done.read_text(encoding="utf-8").split() != REQUIREMENTS:
        note(f"making a virtual environment with {', '.join(REQUIREMENTS)} in {folder}: some minutes")
        shutil.rmtree(folder, ignore_errors=True)
        follow([sys.executable, "-m", "venv", str(folder)], log)
        follow([str(folder / "bin" / "python"), "-m", "pip", "install", *REQUIREMENTS], log)
        done.write_text("\n".join(REQUIREMENTS) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


# the race


def run(work: Path, name: str, decode_only: bool, words: list[str], job: dict) -> dict:
    """The figures of one job, run in a process of its own. decode_only: reuse the figures of an earlier training."""
    slug = "".join(c if c.isalnum() else "_" for c in name)
    result = work / "results" / f"{slug}.json"
    if decode_only and job["job"] == "train" and result.is_file():
        return json.loads(result.read_text(encoding="utf-8"))
    result.unlink(missing_ok=True)
    note(name)
    follow([*words, json.dumps({**job, "result": str(result), "begun": time.time()})], work / "logs" / f"{slug}.log",
           show=True)
    return json.loads(result.read_text(encoding="utf-8"))


def follow(words: list[str], log: Path, show: bool = False) -> None:
    """Run a program to its end, its stderr into the log; Ctrl-C ends it too. Raises InputError if it fails."""
    with (open(log, "w", encoding="utf-8") as output,
          subprocess.Popen(words, stderr=output, stdout=None if show else output) as process):
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            raise
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise InputError(f"{Path(words[0]).name} {' '.join(words[1:3])}… failed with code {code}: "
                         f"{lines[-1] if lines else 'no message'} (see {log})")


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    command.run(main)
