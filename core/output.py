"""The output layer: from the readout ŝ to the logits of all ids, and to the loss.

Shapes: N positions, E embedding, V vocabulary, K common ids (those below K).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.loss import output_loss
from core.vocabulary import SPECIALS


class Output(nn.Linear):
    """W_o ŝ + b_o, whose softmax is p(y). The largest single cost of training: V products for every position.

    With `common` > 0 the softmax has two levels (Goodman 2001; Grave et al. 2017). The ids below K, the special symbols
    and the `common` most frequent tokens, compete with one more column that stands for all others, and only if the true
    token is one of those do they compete among themselves:

        p(y) = softmax([(W_o ŝ + b_o)_{<K}; w_r·ŝ + b_r])_y        if y < K
        p(y) = p(rare) · softmax((W_o ŝ + b_o)_{≥K})_y             otherwise

    common: 0 has one level, and so has a vocabulary of fewer than twice as many tokens. Ids are ordered by frequency.
    """

    def __init__(self, size: int, vocabulary_size: int, common: int = 0) -> None:
        super().__init__(size, vocabulary_size)
        self.K = len(SPECIALS) + common if common and vocabulary_size >= 2 * (len(SPECIALS) + common) else 0
        self.rare = nn.Linear(size, 1) if self.K else None  # w_r and b_r

    def forward(self, readout: Tensor) -> Tensor:
        """Logits of all ids, (…, E) → (…, V): compute them only for positions that count."""
        logits = super().forward(readout)
        return logits if self.rare is None else two_levels(logits.float(), self.rare(readout).float(), self.K)

    def log_p(self, readout: Tensor, row: Tensor, ids: Tensor) -> Tensor:
        """log p of each of M ids at the position with its row of readout (n, E): row (M,), ids (M,) → (M,)"""
        if self.rare is None:
            return torch.log_softmax(self(readout).float(), dim=-1)[row, ids]
        (W, W_rare), (b, b_rare) = self._levels()
        log_p = torch.log_softmax(F.linear(readout, W, b).float(), dim=-1)[row, ids.clamp(max=self.K)]
        rare = (ids >= self.K).nonzero().squeeze(1)
        rows, number = row[rare].unique(return_inverse=True)
        among = torch.log_softmax(F.linear(readout[rows], W_rare, b_rare).float(), dim=-1)
        return log_p.index_add(0, rare, among[number, ids[rare] - self.K])

    def _levels(self) -> tuple[list[Tensor], list[Tensor]]:
        """W and b of the first level, whose last column is the rare one, and of the second."""
        assert self.rare is not None
        (W, W_rare), (b, b_rare) = (x.split([self.K, len(x) - self.K]) for x in (self.weight, self.bias))
        return [torch.cat([W, self.rare.weight]), W_rare], [torch.cat([b, self.rare.bias]), b_rare]

    def loss(self, readout: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """-Σ log p(target): readout (N, E), target (N,) → a number; see core.loss. Label smoothing spreads its mass
        over the columns of a level."""
        if self.rare is None:
            return output_loss(readout, self.weight, self.bias, target, label_smoothing)
        (W, W_rare), (b, b_rare) = self._levels()
        rows = (target >= self.K).nonzero().squeeze(1)
        return output_loss(readout, W, b, target.clamp(max=self.K), label_smoothing) \
            + output_loss(readout.index_select(0, rows), W_rare, b_rare, target[rows] - self.K, label_smoothing)

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Let the untrained output be as frequent as the ids are in training, b_o = log frequency: otherwise the first
        thousand updates learn little else. counts: (V,) of the target ids."""
        frequency = (counts.float() + 0.5) / (counts.sum() + 0.5 * len(counts))
        self.bias.copy_(frequency.log())
        if self.rare is not None:
            self.rare.bias.copy_(frequency[self.K:].sum().log())


def two_levels(logits: Tensor, rare: Tensor, K: int) -> Tensor:
    """The logits of one softmax over all ids from those of two levels: what the ids from K on share is the logit of the
    rare column. logits (…, V), rare (…, 1)

    >>> two_levels(torch.tensor([1.0, 5.0, 5.0]), torch.tensor([1.0]), K=1).softmax(dim=-1)
    tensor([0.5000, 0.2500, 0.2500])
    """
    common, others = logits[..., :K], logits[..., K:]
    return torch.cat([common, others + (rare - torch.logsumexp(others, dim=-1, keepdim=True))], dim=-1)
