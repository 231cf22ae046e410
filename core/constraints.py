"""What an output may be: log p of the next id in, the same with -inf where it would break a rule out.

Shapes: N outputs that are being written, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.vocabulary import BOS, EOS, PAD, UNK

NEG_INF = float("-inf")


@dataclass(frozen=True)
class Constraints:
    """What an output may be.

    max_output  tokens, at most, <eos> counted
    lengths     (B,) the exact number of tokens of each output; None: until <eos> or max_output
    prefix      (B, P) ids every output begins with, padded with <pad>; None: free
    no_repeat_ngram_size   no run of this many tokens may come twice; 0: free
    """

    max_output: int
    lengths: Tensor | None = None
    prefix: Tensor | None = None
    no_repeat_ngram_size: int = 0

    @property
    def steps(self) -> int:
        return int(self.lengths.max()) if self.lengths is not None else self.max_output

    def rows(self, index: Tensor | slice) -> Constraints:
        return Constraints(self.max_output, None if self.lengths is None else self.lengths[index],
                     None if self.prefix is None else self.prefix[index], self.no_repeat_ngram_size)

    def times(self, K: int) -> Constraints:
        """The rules of K hypotheses for each input, side by side."""
        rows = (None if x is None else x.repeat_interleave(K, dim=0) for x in (self.lengths, self.prefix))
        return Constraints(self.max_output, *rows, self.no_repeat_ngram_size)

    def mask_log_probs(self, log_p: Tensor, written: Tensor) -> None:
        """Sets log_p (N, V) to -inf, in place, wherever the next id would break a rule; written (N, t) ids so far."""
        t = written.size(1)
        log_p[:, [PAD, BOS, UNK]] = NEG_INF
        if self.lengths is not None or t == 0:  # an empty answer is no answer
            log_p[:, EOS] = NEG_INF
        if self.no_repeat_ngram_size and t >= self.no_repeat_ngram_size:
            self._mask_repeats(log_p, written)
        if self.prefix is not None and t < self.prefix.size(1):
            wanted = self.prefix[:, t:t + 1]
            forced = torch.full_like(log_p, NEG_INF).scatter(1, wanted, log_p.gather(1, wanted).clamp_min(-1e4))
            log_p.copy_(torch.where(wanted == PAD, log_p, forced))

    def _mask_repeats(self, log_p: Tensor, written: Tensor) -> None:
        n = self.no_repeat_ngram_size
        for row, ids in enumerate(written.tolist()):
            tail = ids[len(ids) - n + 1:]
            repeats = [ids[i + n - 1] for i in range(len(ids) - n + 1) if ids[i:i + n - 1] == tail]
            free = log_p[row].clone()
            free[repeats] = NEG_INF
            if free.max() > NEG_INF:  # else every token would repeat: better a repeat than no token
                log_p[row] = free

    def finished(self, written: Tensor) -> Tensor:
        """(N,) True where the output is complete: <eos> written (after it, <pad>), or its length reached."""
        t = written.size(1)
        ended = (written[:, -1] == EOS) | (written[:, -1] == PAD)
        return ended | (self.lengths <= t if self.lengths is not None else torch.tensor(t >= self.max_output))
