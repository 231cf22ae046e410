"""Constraints on an output, as masks over the log probabilities of the next id.

Shapes: B inputs, N outputs being written, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.rules import Rule, apply_rules
from core.vocabulary import BOS, EOS, PAD, UNK

NEG_INF = float("-inf")


@dataclass(frozen=True)
class Constraints:
    """What an output may be.

    max_output            maximum number of tokens, <eos> included
    lengths               (B,) exact number of tokens of each output; None: until <eos> or max_output
    prefix                (B, P) ids that each output begins with, padded with <pad>; None: free
    no_repeat_ngram_size  no n-gram of this size occurs twice, unless no other id is left; 0: free
    rules                 which ids may come where, MOST IMPORTANT FIRST; see core.rules

    All but the last two always hold. Where a rule would leave an output no id for its next step, that rule gives way at
    that step, so that the least important ones do so first. Whether any did is seen from the finished output.
    """

    max_output: int
    lengths: Tensor | None = None
    prefix: Tensor | None = None
    no_repeat_ngram_size: int = 0
    rules: tuple[Rule, ...] = ()

    @property
    def steps(self) -> int:
        """The maximum number of steps of a search."""
        return int(self.lengths.max()) if self.lengths is not None else self.max_output

    @property
    def size(self) -> int | None:
        """The number of outputs that they are for; None: any."""
        sizes = {len(x) for x in (self.lengths, self.prefix, *self.rules) if x is not None}
        if len(sizes) > 1:
            raise ValueError(f"constraints for different numbers of outputs: {sorted(sizes)}")
        return sizes.pop() if sizes else None

    def rows(self, index: Tensor | slice) -> Constraints:
        """The constraints of these rows of the batch, in this order."""
        return replace(self, lengths=None if self.lengths is None else self.lengths[index],
                       prefix=None if self.prefix is None else self.prefix[index],
                       rules=tuple(rule.rows(index) for rule in self.rules))

    def repeated(self, K: int) -> Constraints:
        """The constraints of K hypotheses per input, side by side."""
        lengths, prefix = (None if x is None else x.repeat_interleave(K, dim=0) for x in (self.lengths, self.prefix))
        return replace(self, lengths=lengths, prefix=prefix, rules=tuple(rule.repeated(K) for rule in self.rules))

    def mask_log_probs(self, log_p: Tensor, written: Tensor) -> None:
        """Set log_p (N, V) to -inf, in place, for each next id that is not allowed. written (N, t): ids so far."""
        t = written.size(1)
        log_p[:, [PAD, BOS, UNK]] = NEG_INF
        if self.lengths is not None or t == 0:  # no output is empty
            log_p[:, EOS] = NEG_INF
        if self.no_repeat_ngram_size and t >= self.no_repeat_ngram_size:
            self._mask_repeats(log_p, written)
        if self.prefix is not None and t < self.prefix.size(1):
            wanted = self.prefix[:, t:t + 1]
            forced = torch.full_like(log_p, NEG_INF).scatter(1, wanted, log_p.gather(1, wanted).clamp_min(-1e4))
            log_p.copy_(torch.where(wanted == PAD, log_p, forced))
        if self.rules:
            possible = apply_rules(self.rules, log_p > NEG_INF, written)
            # For x < 0, x / True = x and x / False = -inf: on a CPU several times as fast as masked_fill.
            log_p.clamp_(max=-1e-30).div_(possible)

    def _mask_repeats(self, log_p: Tensor, written: Tensor) -> None:
        n = self.no_repeat_ngram_size
        ngrams = written.unfold(1, n, 1)  # (N, t-n+1, n)
        tail = written[:, written.size(1) - n + 1:]  # (N, n-1)
        repeats = (ngrams[..., :-1] == tail.unsqueeze(1)).all(dim=-1)  # (N, t-n+1)
        ids = ngrams[..., -1].masked_fill(~repeats, PAD)
        before = log_p.gather(1, ids)
        log_p.scatter_(1, ids, NEG_INF)
        stuck = log_p.amax(dim=1, keepdim=True) == NEG_INF  # every id would repeat: a repeat is better than no id
        log_p.scatter_(1, ids, before.masked_fill(~stuck, NEG_INF))

    def finished(self, written: Tensor) -> Tensor:
        """(N,) True for complete outputs: <eos> is written (then <pad>), or the length is reached."""
        t = written.size(1)
        ended = (written[:, -1] == EOS) | (written[:, -1] == PAD)
        return ended | (self.lengths <= t if self.lengths is not None else torch.tensor(t >= self.max_output))
