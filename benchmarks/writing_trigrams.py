"""Character trigrams with interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998), a contestant of
benchmarks/writing.py. A text is a sequence of its own, with a mark before it.

    p_3(w | u v) = (c(u v w) - D(c)) / c(u v ·) + γ(u v) p_2(w | v)

p_2 is the same with N(· v w), the number of different characters before v w, for c; p_1 with N(· w), and 1 / V below
it. After the mark, which nothing comes before, p_2 has the counts themselves, and there is no p_3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.writing_contestants import Contestant
from core.data import Example
from core.ragged import Ragged
from core.vocabulary import BOS, SPECIALS
from tasks.shared.task import Trained


class Order:
    """The n-grams of one order, each a history (a number) and the id that follows.

    keys (n,) history · V + id, sorted; counts (n,). D(c) is the discount for a count of 1, 2 and more.
    """

    def __init__(self, keys: np.ndarray, counts: np.ndarray, V: int) -> None:
        self.keys, self.V = keys, V
        n1, n2, n3, n4 = ((counts == k).sum() for k in (1, 2, 3, 4))
        Y = n1 / (n1 + 2 * n2) if n2 else 0.5
        enough = n1 and n2 and n3 and n4
        D = [1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3] if enough else [0.5, 1, 1.5]
        discount = np.array(D)[np.minimum(counts, 3) - 1]
        self.kept = np.cumsum(np.concatenate([[0.0], counts - discount]))
        self.total = np.cumsum(np.concatenate([[0.0], counts]))

    def parts(self, history: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(c - D(c)) / c(history ·) of each n-gram, and γ(history)."""
        low, high = np.searchsorted(self.keys, history * self.V), np.searchsorted(self.keys, (history + 1) * self.V)
        total = np.maximum(self.total[high] - self.total[low], 1e-300)
        at = np.minimum(np.searchsorted(self.keys, history * self.V + ids), len(self.keys) - 1)
        own = np.where(self.keys[at] == history * self.V + ids, self.kept[at + 1] - self.kept[at], 0.0)
        return own / total, np.where(high > low, 1 - (self.kept[high] - self.kept[low]) / total, 1.0)

    def draw(self, history: int, u: float) -> tuple[int | None, float]:
        """The id at u in [0, 1) of the n-grams with this history; None and a new u if it falls into γ."""
        low, high = np.searchsorted(self.keys, (history * self.V, (history + 1) * self.V))
        total, kept = self.total[high] - self.total[low], self.kept[high] - self.kept[low]
        if high == low or u * total >= kept:
            return None, u if high == low else min((u * total - kept) / (total - kept), 1 - 1e-9)
        at = int(np.searchsorted(self.kept, self.kept[low] + u * total, side="right")) - 1
        return int(self.keys[at] % self.V), u


class KneserNey:
    """A trigram model over the ids below V."""

    def __init__(self, rows: Ragged, V: int) -> None:
        self.V = V
        grams = trigrams(rows)
        first = grams[:, 1] == BOS  # the first id of a text
        threes, counts = np.unique(grams[~first] @ [V * V, V, 1], return_counts=True)
        begins, begin_counts = np.unique(grams[first] @ [0, V, 1], return_counts=True)
        twos, before = np.unique(threes % (V * V), return_counts=True)
        twos, before = np.concatenate([begins, twos]), np.concatenate([begin_counts, before])
        order = np.argsort(twos)
        ones, before_one = np.unique(twos % V, return_counts=True)
        self.orders = [Order(threes, counts, V), Order(twos[order], before[order], V), Order(ones, before_one, V)]

    def histories(self, u: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        """The number of the history of each order, after the ids u and v."""
        return [u * self.V + v, v, 0 * v]

    def p(self, grams: np.ndarray) -> np.ndarray:
        """p(w | u v) of trigrams (n, 3): (n,)"""
        found = np.full(len(grams), 1 / self.V)
        for order, history in reversed(list(zip(self.orders, self.histories(*grams.T[:2])))):
            own, left = order.parts(history, grams[:, 2])
            found = own + left * found
        return found

    def sample(self, length: int, rng: np.random.Generator) -> list[int]:
        """A text of so many ids, none of them special."""
        ids = [BOS, BOS]
        while len(ids) < length + 2:
            drawn, u = None, rng.random()
            for order, history in zip(self.orders, self.histories(*np.array(ids[-2:]))):
                if drawn is None:
                    drawn, u = order.draw(int(history), u)
            drawn = int(u * self.V) if drawn is None else drawn  # below the last order all ids are equally likely
            if drawn >= len(SPECIALS):
                ids.append(drawn)
        return ids[2:]


def trigrams(rows: Ragged) -> np.ndarray:
    """All trigrams of the rows, (ids, 3), with the mark twice before each row."""
    found = []
    for start in range(0, len(rows), 10_000):
        index = np.arange(start, min(start + 10_000, len(rows)))
        table = np.pad(rows.padded(index).numpy(), ((0, 0), (2, 0)), constant_values=BOS)
        windows = np.lib.stride_tricks.sliding_window_view(table, 3, axis=1)
        found.append(windows[np.arange(windows.shape[1]) < rows.lengths[index][:, None]])
    return np.concatenate(found).astype(np.int64)


class Trigrams(Contestant):
    """Samples of texts of the wanted length, by the characters within them alone."""

    title = "Kneser-Ney trigrams, sampled"

    def __init__(self, model: Trained, train: Sequence[Example], seed: int) -> None:
        self.ids, self.codec, self.seed = model.target_ids, model.target, seed
        self.model = KneserNey(Ragged([self.ids(e) for e in train]), len(model.target))

    def texts(self, asked: Sequence[Example]) -> list[str]:
        return [self.codec.text(self.model.sample(len(e.source), np.random.default_rng([self.seed, i, len(e.context)])))
                for i, e in enumerate(asked)]

    def log_p(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray:
        rows = Ragged([self.ids(Example("", text)) for own in outputs for text in own])
        nats = np.log(self.model.p(trigrams(rows)))
        ends = np.cumsum(rows.lengths)
        total = np.concatenate([[0.0], np.cumsum(nats)])
        return (total[ends] - total[ends - rows.lengths]).reshape(len(outputs), -1)
