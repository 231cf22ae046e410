"""Texts in, label probabilities out; and their scores on the test split, beside baselines from the same run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.batches import Ragged
from core.data import Example
from tasks.shared import baselines
from tasks.shared.report import MODEL, Report

if TYPE_CHECKING:
    from tasks.shared.text_model import TextModel


@torch.inference_mode()
def probabilities(model: TextModel, examples: Sequence[Example]) -> np.ndarray:
    """p(label | text) for each text, (texts, labels)."""
    sources = Ragged([model.source_ids(e) for e in examples])
    order = np.argsort(-sources.lengths, kind="stable")
    p = np.zeros((len(examples), len(model.target)))
    for start in range(0, len(order), 256):
        index = order[start:start + 256]
        lengths = torch.from_numpy(sources.lengths[index].astype(np.int64)).to(model.device)
        logits, _ = model.network(sources.padded(index).to(model.device), lengths)
        p[index] = torch.softmax(logits.float(), dim=-1).cpu().numpy()
    return p


SEARCHED = 100_000  # training examples that the baselines learn from, at most
TEST = 100_000  # test examples judged, at most


def evaluate_labels(model: TextModel, train: Sequence[Example], test: Sequence[Example]) -> Report:
    """Accuracy, macro F1 and the confusion matrix; baselines: the commonest label, and TF-IDF with logistic
    regression."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
    train, left_out = baselines.some(train, SEARCHED)
    test, not_judged = baselines.some(test, TEST, "the scores are of", "test")
    truth = [e.target for e in test]
    names = model.target.names
    sources, labels = [e.source for e in train], [e.target for e in train]
    regression = baselines.logistic_regression(sources, labels, model.source.tokens)
    answers = [names[i] for i in probabilities(model, test).argmax(axis=1)]
    rows = {name: {"accuracy": accuracy_score(truth, said),
                   "macro F1": f1_score(truth, said, average="macro", labels=names, zero_division=0)}
            for name, said in {MODEL: answers,
                               "TF-IDF + logistic regression": list(regression.predict([e.source for e in test])),
                               "commonest label": [baselines.most_frequent(labels)] * len(test)}.items()}
    return Report("accuracy", True, rows,
                  [*confusion(names, confusion_matrix(truth, answers, labels=names)), *left_out, *not_judged],
                  [(e.source, said, e.target) for e, said in list(zip(test, answers))[:5]])


def confusion(names: Sequence[str], counts: np.ndarray) -> list[str]:
    """The confusion matrix as lines: rows are true labels, columns are the model's, by number."""
    width = max(map(len, names))
    cells = max(len(str(counts.max())), len(str(len(names)))) + 1
    head = " " * (width + 5) + "".join(f"{i:>{cells}}" for i in range(1, len(names) + 1))
    return ["confusion (rows: true, columns: this model):", head,
            *(f"{i:>3} {name:<{width}} " + "".join(f"{n:>{cells}}" for n in row)
              for i, (name, row) in enumerate(zip(names, counts.tolist()), 1))]
