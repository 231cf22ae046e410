"""A linear classifier over n-grams of tokens, beside which the network of N→1 learns what remains to be learned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ragged import Ragged
from core.vocabulary import PAD

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BUCKETS = 18  # at most 2^18 n-grams are told apart, as by feature hashing (Weinberger et al. 2009)
MOST_LABELS = 200  # with more, weights and time grow beyond what they are worth
FOLDS = 5
SMOOTHING = 0.3  # added to each count
COSTS = ((1.0, 1.0), (0.3, 0.1))  # C of the two machines: as usual, and for labels that are hard to tell apart
WORK = 60_000_000  # n-grams of all fitted texts × labels: two to three minutes on one core
BATCH = 256  # texts whose n-grams are computed at once


class NGrams(nn.Module):
    """z = τ (W f + b): a score for each label, from the n-grams of a text with 1 to n tokens.

    f_g = (1 + log tf_g) · idf_g / ‖·‖, idf_g = 1 + log((1 + N) / (1 + df_g)): tf_g counts n-gram g in the text, df_g
    those of N texts that contain it. For each label w and b are the sum of two linear support vector machines, which
    minimise ½‖w‖² + C Σ max(0, 1 - ±(w·f + b))² (Fan et al. 2008). One reads f, the other f_g · r_g, where r_g is the
    log-count ratio of naive Bayes, log (p_g / ‖p‖₁) / (q_g / ‖q‖₁), of the label's texts and of all others (Wang and
    Manning 2012). The temperature τ makes softmax(z) a probability (Guo et al. 2017). N-grams are known by a hash, so
    in a large corpus some share their g.

    Gradient descent changes none of it: `fit` finds all at once, before training.
    """

    def __init__(self, vocabulary_size: int, longest: int, labels: int) -> None:
        """longest: n, of the longest n-grams."""
        super().__init__()
        buckets = 1 << min(BUCKETS, (64 * vocabulary_size).bit_length())
        self.longest = longest
        self.weight, self.bias, self.idf = (nn.Parameter(x, requires_grad=False) for x in (
            torch.zeros(buckets, labels), torch.zeros(labels), torch.ones(buckets)))

    def grams(self, ids: Tensor) -> Tensor:
        """The bucket of the n-gram of each length that begins at each position; -1 where the text ends before.

        ids (B, S), padded with <pad> → (B, longest, S)
        """
        S, found = ids.size(1), []
        h, real = torch.zeros_like(ids), torch.ones_like(ids, dtype=torch.bool)
        for k in range(self.longest):
            token = F.pad(ids, (0, k))[:, k:k + S]
            real = real & (token != PAD)
            h = (h * 1_000_003 + token + k + 1) & 0x7FFF_FFFF_FFFF
            mixed = ((h ^ (h >> 17)) * 0x5BD1_E995) & 0x7FFF_FFFF_FFFF
            found.append(torch.where(real, (mixed ^ (mixed >> 15)) % len(self.weight), -1))
        return torch.stack(found, dim=1)

    def features(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The buckets of a text, each perhaps several times, and f of each, once: (B, G), (B, G)"""
        grams = self.grams(ids).flatten(1).sort(dim=1).values  # (B, G)
        first = torch.cat([grams[:, :1] >= 0, (grams[:, 1:] != grams[:, :-1]) & (grams[:, 1:] >= 0)], dim=1)
        run = first.long().cumsum(dim=1)  # the equal ones share a number
        tf = torch.zeros(len(run), run.size(1) + 1, device=run.device).scatter_add(
            1, run, (grams >= 0).float()).gather(1, run)
        grams = grams.clamp_min(0)
        f = torch.where(first, (1 + tf.clamp_min(1).log()) * self.idf[grams], 0.0)
        return grams, f / f.norm(dim=1, keepdim=True).clamp_min(1e-12)

    def forward(self, ids: Tensor) -> Tensor:
        """z (B, labels) of ids (B, S), padded with <pad>."""
        grams, f = self.features(ids)
        return F.embedding_bag(grams, self.weight, per_sample_weights=f, mode="sum") + self.bias

    def contributions(self, ids: Tensor, label: int) -> list[tuple[int, int, float]]:
        """What each n-gram of one text, ids (1, S), adds to z of a label: (start, length, addend), largest first."""
        buckets, f = (x[0].tolist() for x in self.features(ids))
        value = {g: v * float(self.weight[g, label]) for g, v in zip(buckets, f) if v}
        found: dict[int, tuple[int, int, float]] = {}
        for k, row in enumerate(self.grams(ids)[0].tolist()):
            for start, g in enumerate(row):
                if value.get(g):  # not 0, as of n-grams that training does not have
                    found.setdefault(g, (start, k + 1, value[g]))
        return sorted(found.values(), key=lambda x: -x[2])

    @torch.no_grad()
    def fit(self, sources: Ragged, labels: np.ndarray, seed: int) -> Tensor:
        """Fit to the texts `sources` and their labels, (N,) from 0, of a training split in random order: to all of
        them, or to the first ones.

        Returns z (N, labels) as fits give it that have not seen the text, so that a network which learns with z added
        to its own scores finds z as good as it will be on new texts.
        """
        from scipy.sparse import vstack
        from sklearn.model_selection import KFold  # late: a model that is only asked needs none of it
        device, size = self.weight.device, self.weight.size(1)
        df = torch.zeros(len(self.idf))
        for ids in _batches(sources, 0):
            grams, f = self.features(ids.to(device))
            df += torch.bincount(grams[f > 0].cpu(), minlength=len(df))
        self.idf.copy_(1 + torch.log((1 + len(sources)) / (1 + df)))

        counts = np.cumsum(sources.lengths, dtype=np.int64) * self.longest
        fitted = max(int(np.searchsorted(counts, WORK // size, side="right")), 1)
        X = vstack([self._sparse(ids.to(device)) for ids in _batches(sources, 0, fitted)]).tocsr()
        known = np.unique(X.indices)  # buckets that occur
        X, y = X[:, known], labels[:fitted]
        folds = list(KFold(FOLDS, shuffle=True, random_state=seed % 2**32).split(y)) if fitted >= FOLDS else []

        def held_out(costs: tuple[float, float]) -> tuple[float, float, np.ndarray]:
            """How well texts that were not seen are labelled with these C, in nats; the temperature; their z."""
            z = np.zeros((fitted, size))
            for seen, unseen in folds:
                W, b = _weights(X[seen], y[seen], size, seed, costs)
                z[unseen] = X[unseen] @ W + b
            return *_temperature(z, y), z

        found = {costs: held_out(costs) for costs in COSTS}
        costs = min(COSTS, key=lambda costs: found[costs][0])
        _, temperature, z = found[costs]
        W, b = _weights(X, y, size, seed, costs)
        self.weight.zero_()
        self.weight[torch.from_numpy(known).long().to(device)] = torch.from_numpy(temperature * W).float().to(device)
        self.bias.copy_(torch.from_numpy(temperature * b))
        rest = [self(ids.to(device)).cpu() for ids in _batches(sources, fitted)]
        return torch.cat([torch.from_numpy(temperature * z).float(), *rest])

    def _sparse(self, ids: Tensor) -> csr_array:
        from scipy.sparse import csr_array
        grams, f = (x.cpu().numpy() for x in self.features(ids))
        row, column = np.nonzero(f)
        indices = row.astype(np.int32), grams[row, column].astype(np.int32)  # liblinear takes no 64-bit indices
        return csr_array((f[row, column].astype(float), indices), shape=(len(f), len(self.weight)))


def _batches(sources: Ragged, start: int, end: int | None = None) -> Iterator[Tensor]:
    end = len(sources) if end is None else end
    for first in range(start, end, BATCH):
        yield sources.padded(np.arange(first, min(first + BATCH, end)))


def _weights(X: csr_array, labels: np.ndarray, size: int, seed: int,
             costs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """W (n-grams, labels) and b (labels,); 0 if there is only one label; a label that does not occur scores low."""
    from scipy.sparse import diags_array
    from sklearn.svm import LinearSVC
    W, b = np.zeros((X.shape[1], size)), np.zeros(size)
    known = np.unique(labels)
    if len(known) < 2:
        return W, b
    total = X.sum(axis=0)
    for label in known[1:] if len(known) == 2 else known:  # of two labels one is enough
        is_label = labels == label
        p = X[is_label].sum(axis=0)
        q = total - p + SMOOTHING
        p = p + SMOOTHING
        r = np.log(p / p.sum()) - np.log(q / q.sum())
        for scale, C in zip((np.ones_like(r), r), costs):
            machine = LinearSVC(C=C, dual=True, random_state=seed % 2**32).fit(X @ diags_array(scale), is_label)
            W[:, label] += scale * machine.coef_[0]
            b[label] += machine.intercept_[0]
    if len(known) == 2:
        W[:, known[0]], b[known[0]] = -W[:, known[1]], -b[known[1]]
    b[np.setdiff1d(np.arange(size), known)] = b.min() - 1
    return W, b


def _temperature(z: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The nats per label of softmax(τ z), and the τ that makes them the fewest, where each of N labels is only certain
    by (N + 1) / (N + 2): else a few texts without a mistake would promise that there is never one (Platt 1999). τ is 1
    if nothing tells."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def nats(log_t: float) -> float:
        log_p = log_softmax(np.exp(log_t) * z, axis=1)
        true = log_p[np.arange(len(z)), labels]
        others = (log_p.sum(axis=1) - true) / max(z.shape[1] - 1, 1)
        return -float(((1 - doubt) * true + doubt * others).mean())

    doubt = 1 / (len(z) + 2)
    if not z.any():
        return nats(0.0), 1.0
    best = minimize_scalar(nats, bounds=(-3, 4), method="bounded")
    return float(best.fun), float(np.exp(best.x))
