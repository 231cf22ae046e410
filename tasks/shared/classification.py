"""Classification: probabilities of labels, the walk to a label, and scores with baselines from the same run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from core.batches import map_batches
from core.data import Example
from core.ragged import Ragged
from tasks.shared import baselines
from tasks.shared.explaining import array, best_candidates, encoding_walk
from tasks.shared.report import MODEL, Report
from tasks.shared.task import Splits, Trained
from tasks.shared.walk import Step, Walk

BATCH = 256
SEARCHED = 100_000  # the most training examples that the baselines are fitted to
TEST = 100_000  # the most test examples that are scored


def probabilities(model: Trained, examples: Sequence[Example]) -> np.ndarray:
    """p(label | text) of each text, (texts, labels)."""
    def of_batch(ids: torch.Tensor, lengths: torch.Tensor, index: np.ndarray) -> np.ndarray:
        logits, _ = model.network(ids, lengths)
        return torch.softmax(logits.float(), dim=-1).cpu().numpy()

    return np.array(map_batches(of_batch, Ragged([model.source_ids(e) for e in examples]), BATCH, model.device),
                    dtype=float).reshape(len(examples), len(model.target))


@torch.inference_mode()
def pooling_weights(model: Trained, example: Example) -> np.ndarray | None:
    """(1, S) the weights α with which the states are pooled; None without attention."""
    ids = model.source_ids(example)
    _, weights = model.network(torch.tensor([ids], device=model.device), torch.tensor([len(ids)], device=model.device))
    return None if weights is None else array(weights)


@torch.inference_mode()
def labelling_walk(model: Trained, text: str, candidates: int = 5) -> Walk:
    """The six steps of encoding, the pooling of the states, and the label as one step."""
    walk, memory = encoding_walk(model, text)
    network = model.network
    ids, scores = torch.tensor([walk.ids], device=model.device), None
    if network.pooling is not None:
        walk.attention, walk.score = "pooling", model.settings.attention
        scores = network.pooling.scores(memory.states)[0, 0]
    logits, weights = network(ids, torch.tensor([len(walk.ids)], device=model.device))
    logits = logits[0].float()
    best = best_candidates(torch.softmax(logits, dim=-1), lambda ids: [model.target.names[i] for i in ids], candidates)
    walk.steps = [Step(best[0].token, best[0].probability, best, scores=None if scores is None else array(scores),
                       weights=None if weights is None else array(weights[0]), logit=logits.max().item(),
                       log_total=logits.logsumexp(0).item())]
    walk.answer = best[0].token
    if network.ngrams:
        label = model.target.names.index(walk.answer)
        found, z = network.ngrams.contributions(ids, label), float(network.ngrams(ids)[0, label])
        walk.parts = float(logits[label]) - z, z
        walk.ngrams = [(model.source.tokenizer.join(walk.tokens[start:start + length]), value)
                       for start, length, value in found]
    return walk


def evaluate_labels(model: Trained, data: Splits) -> Report:
    """Accuracy, macro F1 and the confusion matrix, with three baselines: the commonest label, and TF-IDF of characters
    with logistic regression and with a linear support vector machine."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
    train, fitted_to = baselines.subsample(data.train, SEARCHED)
    test, not_scored = baselines.subsample(data.test, TEST, "the scores are of", "test")
    truth = [e.target for e in test]
    names = model.target.names
    sources, labels = [e.source for e in train], [e.target for e in train]
    texts = [e.source for e in test]
    linear = baselines.linear_classifiers() if len(set(labels)) > 1 else {}
    answers = [names[i] for i in probabilities(model, test).argmax(axis=1)]
    rows = {name: {"accuracy": float(accuracy_score(truth, predicted)),
                   "macro F1": float(f1_score(truth, predicted, average="macro", labels=names, zero_division=0))}
            for name, predicted in {MODEL: answers,
                                    **{name: list(classifier.fit(sources, labels).predict(texts))
                                       for name, classifier in linear.items()},
                                    "commonest label": [baselines.most_frequent(labels)] * len(test)}.items()}
    counts, answered = confusion_matrix(truth, answers, labels=names), list(zip(texts, answers, truth))
    return Report("accuracy", True, rows, [*confusion(names, counts), *fitted_to, *not_scored], answered[:5],
                  labels=list(names), confusion=counts.tolist(), answered=answered)


def confusion(names: Sequence[str], counts: np.ndarray) -> list[str]:
    """The confusion matrix as lines: a row for each true label, a column for each label of the model, by number."""
    width = max(map(len, names))
    cells = max(len(str(counts.max())), len(str(len(names)))) + 1
    head = " " * (width + 5) + "".join(f"{i:>{cells}}" for i in range(1, len(names) + 1))
    return ["confusion (rows: true, columns: this model):", head,
            *(f"{i:>3} {name:<{width}} " + "".join(f"{n:>{cells}}" for n in row)
              for i, (name, row) in enumerate(zip(names, counts.tolist()), 1))]
