"""Make one of the models in pretrained/ from a trained model: weights in half precision, and its card.

    python benchmarks/pretrained.py models/poem      writes pretrained/poem, with the scores of a fresh evaluation

The card (card.json, and README.md for readers) tells corpus, command, commit, time and scores. A test holds the scores
against the weights: on the test examples whose numbers it names, and on the answers that it quotes.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command

ROOT = command.ROOT
# Corpora with the test split of another one, which is read much faster.
SAME_TEST = {"tang-song": "tang", "themes-tang-song": "themes"}
SAMPLE = 200  # test examples that the card names by number
GREEDY = {"beam": 1, "form": "free"}


def main() -> int:
    args = arguments()
    import n2m
    from n2m import data
    from tasks.shared.evaluation import model_perplexity
    n2m.keep_freed_memory()
    model = n2m.load(args.model)
    report = model.evaluate()
    folder = ROOT / "pretrained" / (args.name or model.task.name)
    base = ROOT / "pretrained" / Path(model.settings.fine_tune).name / "card.json"  # it may be that of this folder
    before = json.loads(base.read_text(encoding="utf-8")) if base.exists() else {}
    model.save(folder, half=True)
    model = n2m.load(folder)  # as it is given away
    about = model.metadata["corpus"]
    test = data.of_model(about, model.task, model.settings.limit).test
    numbers = sorted(random.Random(1).sample(range(len(test)), min(SAMPLE, len(test))))
    history = model.metadata["history"]
    card = {
        "task": model.task.name, "corpus": about["name"], "checksum": about["checksum"],
        **{name: both(about[name], before.get(name, "")) for name in ("licence", "origin")},
        "command": args.command, "commit": commit(), "seconds": round(history["seconds"]) + before.get("seconds", 0),
        "tokens_per_second": round(sum(e["tokens_per_second"] for e in history["epochs"]) / len(history["epochs"])),
        "scores": report.rows,
        "sample": {"corpus": SAME_TEST.get(about["name"], about["name"]), "numbers": numbers,
                   "perplexity": round(model_perplexity(model.text_model, [test[i] for i in numbers]), 3)},
        "answers": {text: model.answer([text], **GREEDY)[0][0].text
                    for text in args.inputs or [model.task.sample_input]}}
    (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(folder.name, card, report.lines()), encoding="utf-8")
    (folder / "metrics.json").unlink(missing_ok=True)
    size = sum(f.stat().st_size for f in folder.iterdir()) / 1e6
    print(f"{folder.relative_to(ROOT)}: {size:.1f} MB, perplexity of the sample {card['sample']['perplexity']}")
    return 0


def both(own: str, base: str) -> str:
    """Licences or origins of a corpus and of the one that the model has read before."""
    return base if own in base else "; ".join(filter(None, (own, base)))


def page(name: str, card: dict, scores: list[str]) -> str:
    table = "\n".join(scores)
    return f"""# Pretrained model: {name}

| | |
|---|---|
| corpus | {card['corpus']}, {card['origin']}, {card['licence']} |
| checksum | `{card['checksum']}` |
| command | `{card['command']}` |
| commit | {card['commit']} |
| training | {card['seconds']:,} s at {card['tokens_per_second']:,} target tokens per second |
| weights | half precision (float16) |

Scores on the test split, with baselines from the same run:

```
{table}
```
"""


def commit() -> str:
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout.strip()


def arguments():
    parser = command.Parser(__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=Path("models/poem"), metavar="DIR",
                        help="directory of the trained model (default models/poem)")
    parser.add_argument("--command", default="python run.py --task poem --budget 60", metavar="TEXT",
                        help="the command that trained it, for the card (default %(default)s)")
    parser.add_argument("--name", default="", metavar="NAME", help="folder in pretrained/ (default: the task's name); "
                        "TASK-CORPUS answers where both are named")
    parser.add_argument("--inputs", nargs="+", metavar="TEXT", help="inputs whose answers the card quotes")
    return parser.parse_args()


if __name__ == "__main__":
    command.run(main)
