"""Minimum Bayes risk over samples beside beam search, for a trained model of translations, glosses or chat.

    python benchmarks/minimum_bayes_risk.py models/translate

Of K samples the one that is most like all the others is the answer (Eikema and Aziz 2022):

    y* = argmax_h Σ_r u(h, r), with u = chrF of sentences
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from sacrebleu.metrics import CHRF

import n2m
from benchmarks import command
from core import metrics
from n2m import data
from tasks.shared.evaluation import sample


def parser() -> command.Parser:
    p = command.Parser(__doc__)
    p.add_argument("model", nargs="?", default="models/translate", metavar="DIR",
                   help="directory of the trained model (default models/translate)")
    p.add_argument("--samples", type=command.positive, default=32, metavar="K", help="samples per input (default 32)")
    p.add_argument("--temperature", type=float, default=0.7, metavar="X", help="of the samples (default 0.7)")
    p.add_argument("--lines", type=command.positive, default=400, metavar="N", help="test examples (default 400)")
    return p


def least_risk(texts: Sequence[str], chrf: CHRF) -> str:
    """The text with the highest expected chrF if the samples are the references."""
    counts = Counter(texts)
    return max(counts, key=lambda h: sum(n * chrf.sentence_score(h, [r]).score for r, n in counts.items()))


def main() -> None:
    args: argparse.Namespace = parser().parse_args()
    n2m.keep_freed_memory()
    model = n2m.load(args.model)
    asked = sample(data.of_model(model.metadata["corpus"], model.task, model.settings.limit).test)[:args.lines]
    sources, references = [e.source for e in asked], [e.target for e in asked]

    def show(name: str, begun: float, texts: Sequence[str]) -> None:
        chrf, bleu = metrics.chrf(texts, references)[0], metrics.bleu(texts, references)[0]
        print(f"{name:<28} chrF {chrf:5.2f}  BLEU {bleu:5.2f}  {time.perf_counter() - begun:6.1f} s", flush=True)

    for beam in (1, 5):
        begun = time.perf_counter()
        show(f"beam {beam}", begun, [best[0].text for best in model.answer(sources, search="likeliest", beam=beam)])
    begun, chrf = time.perf_counter(), CHRF()
    found = model.answer(sources, search="likeliest", temperature=args.temperature, n_best=args.samples)
    show(f"{args.samples} samples, least risk", begun, [least_risk([a.text for a in best], chrf) for best in found])
    print(f"{len(asked)} test examples of {model.metadata['corpus']['name']}; {metrics.chrf(['a'], ['a'])[1]}, "
          f"{metrics.bleu(['a'], ['a'])[1]}")


if __name__ == "__main__":
    command.run(main)
