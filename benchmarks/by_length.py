"""Why one vector is too little: translations scored by the length of their source, with and without attention.

    python benchmarks/by_length.py      trains two models of models/by-length, or loads them, and writes the table as
                                        docs/tutorial/by-length.json; benchmarks/tutorial.py draws it

Both models have the same corpus, sizes, epochs and seed; only `attention` differs. chrF is of all test examples whose
source has so many tokens, 0 to 100.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command
from tasks.shared.report import table

RESULT = command.ROOT / "docs" / "tutorial" / "by-length.json"
ATTENTIONS = ("none", "dot")
BINS = ((1, 5), (6, 7), (8, 9), (10, 12), (13, 16), (17, 200))  # tokens of the source, both ends included


def name_of(shortest: int, longest: int) -> str:
    return f"{shortest}–{longest}" if longest < BINS[-1][1] else f"{shortest} or more"


def rows(result: dict) -> list[list[str]]:
    """The table of what was measured."""
    return [["source tokens", "test sentences", *(f"chrF, attention {name}" for name in result["chrF"])],
            *([name, f"{n:,}", *(f"{scores[name]:.1f}" for scores in result["chrF"].values())]
              for name, n in result["counts"].items())]


def main() -> None:
    p = command.Parser(__doc__)
    p.add_argument("--corpus", default="tatoeba-zh-en", metavar="NAME", help="corpus (default tatoeba-zh-en)")
    p.add_argument("--epochs", type=command.positive, default=8, metavar="N", help="epochs of each (default 8)")
    p.add_argument("--model-dir", type=Path, default=Path("models/by-length"), metavar="DIR",
                   help="directory of the two models (default models/by-length)")
    p.add_argument("--result", type=Path, default=RESULT, metavar="FILE",
                   help="JSON to write (default docs/tutorial/by-length.json)")
    args = p.parse_args()
    import n2m
    from core import metrics
    n2m.keep_freed_memory()
    chrf, minutes, parameters, counts = {}, {}, {}, {}
    for attention in ATTENTIONS:
        with n2m.listening(note=lambda text: print(text, file=sys.stderr, flush=True)):
            model = n2m.train("translate", args.corpus, args.model_dir / attention, attention=attention, seed=1,
                              epochs=args.epochs)
        dataset = n2m.corpus(args.corpus, "translate")
        test, train = dataset.test, len(dataset.train)
        lengths = [len(model.text_model.source.tokens(e.source)) for e in test]
        answers = [best[0].text for best in model.answer([e.source for e in test])]
        chrf[attention] = {}
        for shortest, longest in BINS:
            found = [i for i, length in enumerate(lengths) if shortest <= length <= longest]
            if not found:
                continue
            counts[name_of(shortest, longest)] = len(found)
            chrf[attention][name_of(shortest, longest)] = round(
                metrics.chrf([answers[i] for i in found], [test[i].target for i in found])[0], 1)
        chrf[attention]["all"] = round(metrics.chrf(answers, [e.target for e in test])[0], 1)
        minutes[attention] = round(model.metadata["history"]["seconds"] / 60, 1)
        parameters[attention] = sum(p.numel() for p in model.text_model.network.parameters())
    counts["all"] = len(test)
    result = {"corpus": args.corpus, "train": train, "epochs": args.epochs, "minutes": minutes,
              "parameters": parameters, "counts": counts, "chrF": chrf}
    print("\n".join(table(rows(result))))
    args.result.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
