"""Simple baselines, fitted to the training examples. Every score is shown with one from the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from core.data import Example
from core.ragged import Ragged

BATCH = 100  # queries that are compared with all training sources at once


def subsample(examples: Sequence[Example], most: int, what: str = "the baselines were fitted to",
              split: str = "training") -> tuple[Sequence[Example], list[str]]:
    """At most `most` of the examples, and a note if there are more. A split is in the order of a hash, so the first
    ones are a random sample."""
    if len(examples) <= most:
        return examples, []
    return examples[:most], [f"{what} {most:,} of the {len(examples):,} {split} examples, drawn at random"]


def most_frequent(targets: Sequence[str]) -> str:
    """The commonest training answer; of equally common ones the first in spelling."""
    counts = Counter(targets)
    return min(counts, key=lambda t: (-counts[t], t))


def linear_classifiers(analyzer: str | Callable[[str], list[str]] = "char",
                       longest: int = 3) -> dict[str, Pipeline]:
    """TF-IDF over runs of 1 to `longest` characters, or over the tokens of an analyzer (with `longest` 1), with
    logistic regression and with a linear support vector machine; not fitted yet."""
    found = {}
    for name, classifier in (("logistic regression", LogisticRegression(C=10, max_iter=1000)), ("SVM", LinearSVC())):
        tfidf = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, longest), sublinear_tf=True)
        found[f"TF-IDF + {name}"] = make_pipeline(tfidf, classifier)
    return found


def nearest(sources: Sequence[str], targets: Sequence[str], queries: Sequence[str]) -> list[str]:
    """For each query the answer of the training source nearest to it, by TF-IDF over runs of 1 to 3 characters."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    index = NearestNeighbors(n_neighbors=1, metric="cosine").fit(vectorizer.fit_transform(sources))
    vectors = vectorizer.transform(queries)
    found = [index.kneighbors(vectors[i:i + BATCH], return_distance=False)[:, 0] for i in range(0, len(queries), BATCH)]
    return [targets[i] for i in np.concatenate(found)]


class Trigram:
    """An interpolated trigram model (Jelinek and Mercer 1980) over the same ids that the decoder writes.

    p(y_t | y_{t-2}, y_{t-1}) = λ_3 f_3 + λ_2 f_2 + λ_1 f_1 + λ_0 / V, with f_n the relative frequencies in training
    and λ fitted to the dev split by expectation maximisation.
    """

    def __init__(self, train: Ragged, dev: Ragged, vocabulary_size: int) -> None:
        self.V = vocabulary_size + 1  # one more id, for the start of a text
        grams = self._grams(train)
        self.counts = [self._count(grams[:, k:]) for k in range(3)]  # of trigrams, bigrams, unigrams
        self.before = [self._count(grams[:, k:2]) for k in range(2)]  # of what they begin with
        self.total = len(grams)
        self.weights = np.full(4, 0.25)
        parts = self._parts(self._grams(dev))
        for _ in range(30):
            shares = parts * self.weights
            self.weights = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)

    def nats(self, rows: Ragged) -> tuple[float, int]:
        """-Σ log p over all ids of the rows, and how many there are."""
        p = self._parts(self._grams(rows)) @ self.weights
        return float(-np.log(p).sum()), len(p)

    def _grams(self, rows: Ragged) -> np.ndarray:
        """All trigrams, (ids, 3); two ids of their own come before each row."""
        out = []
        for start in range(0, len(rows), 10000):
            index = np.arange(start, min(start + 10000, len(rows)))
            table = rows.padded(index).numpy()
            table = np.pad(table, ((0, 0), (2, 0)), constant_values=self.V - 1)
            windows = np.lib.stride_tricks.sliding_window_view(table, 3, axis=1)
            real = np.arange(windows.shape[1]) < rows.lengths[index][:, None]
            out.append(windows[real])
        return np.concatenate(out).astype(np.int64)

    def _keys(self, grams: np.ndarray) -> np.ndarray:
        keys = np.zeros(len(grams), dtype=np.int64)
        for column in grams.T:
            keys = keys * self.V + column
        return keys

    def _count(self, grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self._keys(grams), return_counts=True)

    def _lookup(self, counted: tuple[np.ndarray, np.ndarray], grams: np.ndarray) -> np.ndarray:
        keys, counts = counted
        wanted = self._keys(grams)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, counts[at], 0)

    def _parts(self, grams: np.ndarray) -> np.ndarray:
        """f_3, f_2, f_1 and 1/V of each trigram, (ids, 4)."""
        above = [self._lookup(self.counts[k], grams[:, k:]) for k in range(3)]
        below = [self._lookup(self.before[k], grams[:, k:2]) for k in range(2)]
        f = [a / np.maximum(b, 1) for a, b in zip(above[:2], below)]
        return np.stack([*f, above[2] / self.total, np.full(len(grams), 1 / self.V)], axis=1)


def theme_classifier(texts: Sequence[str], themes: Sequence[str]) -> Pipeline:
    """Which theme is a text about? TF-IDF over characters with a naive Bayes classifier (Rennie et al. 2003)."""
    return make_pipeline(TfidfVectorizer(analyzer="char"), ComplementNB()).fit(texts, themes)
