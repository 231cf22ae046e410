"""Rules of a search: which ids may come next, given those written so far.

Plain data about ids and positions. A rule is kept where it can be: for a row and step at which it leaves no id it gives
way, the less important rules first, see `apply_rules`.

Shapes: B inputs, N outputs being written (a rule for B inputs becomes one for N = B·K with `repeated`), t ids written
so far, T positions, V vocabulary, C classes, G groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Rule:
    """Base class. name: what to call the rule when it gives way."""

    name: str
    per_row: ClassVar[tuple[str, ...]] = ()  # the fields with a row for each output

    def __len__(self) -> int:
        """The number of outputs that it is for."""
        return len(getattr(self, self.per_row[0]))

    def rows(self, index: Tensor | slice) -> Rule:
        """The rule for these rows of the batch, in this order."""
        return replace(self, **{field: getattr(self, field)[index] for field in self.per_row})

    def repeated(self, K: int) -> Rule:
        """The rule for K outputs per input, side by side."""
        return replace(self, **{field: getattr(self, field).repeat_interleave(K, dim=0) for field in self.per_row})

    def to(self, device: torch.device | str) -> Rule:
        """The rule on this device."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moved: dict[str, Any] = {name: x.to(device) for name, x in values.items() if isinstance(x, Tensor)}
        return replace(self, **moved)

    def allowed(self, written: Tensor, V: int) -> Tensor | None:
        """(N, V) True for each id that may follow written (N, t); None: every id, in all rows."""
        raise NotImplementedError


@dataclass(frozen=True)
class Positions(Rule):
    """At position t an id of the class wanted[:, t] comes.

    classes  (C, V) bool   the ids of each class; class 0 is every id
    wanted   (B, T) int64  the class at each position; after T positions every id may come

    <eos> must be in a class for an output to end there, unless Constraints.lengths ends it.

    >>> classes = torch.tensor([[True, True, True], [False, True, True]])
    >>> rule = Positions("tones", classes, wanted=torch.tensor([[1, 0]]))
    >>> rule.allowed(torch.empty(1, 0, dtype=torch.long), 3)
    tensor([[False,  True,  True]])
    """

    classes: Tensor
    wanted: Tensor
    per_row = ("wanted",)

    def allowed(self, written: Tensor, V: int) -> Tensor | None:
        t = written.size(1)
        if t >= self.wanted.size(1) or not self.wanted[:, t].any():
            return None
        return self.classes[self.wanted[:, t]]


@dataclass(frozen=True)
class Alike(Rule):
    """All ids at positions of one chain share a group, as words that rhyme do.

    groups  (V, G) bool   the groups of each id; an id may have several, or none
    chain   (B, T) int64  the number of each position's chain; 0: in no chain
    start   (B, G) bool   the groups that chain 1 may use; all True: any

    At a position of a chain the ids are allowed that have one of the groups which all earlier ids of the chain have; at
    the first one, those that have any group (chain 1: any of `start`). An earlier id that left no group, since the rule
    gave way or a prefix was forced, does not count: later ids keep to the others.

    >>> groups = torch.tensor([[False, False], [True, False], [True, True], [False, True]])
    >>> rule = Alike("rhyme", groups, chain=torch.tensor([[1, 0, 1]]), start=torch.ones(1, 2, dtype=torch.bool))
    >>> rule.allowed(torch.tensor([[3, 0]]), 4)
    tensor([[False, False,  True,  True]])
    """

    groups: Tensor
    chain: Tensor
    start: Tensor
    per_row = ("chain", "start")

    def allowed(self, written: Tensor, V: int) -> Tensor | None:
        t = written.size(1)
        if t >= self.chain.size(1) or not self.chain[:, t].any():
            return None
        chain = self.chain[:, t:t + 1]  # (N, 1)
        shared = (chain > 0) & ((chain > 1) | self.start)  # (N, G) the groups of the earlier ids of the chain
        same = (self.chain[:, :t] == chain) & (chain > 0)  # (N, t)
        for earlier in same.any(dim=0).nonzero().flatten().tolist():
            both = shared & self.groups[written[:, earlier]]
            shared = torch.where(same[:, earlier:earlier + 1] & both.any(dim=1, keepdim=True), both, shared)
        sets, number = shared.unique(dim=0, return_inverse=True)  # far fewer than rows
        allowed = (sets.float() @ self.groups.t().float() > 0)[number]  # (N, V)
        return allowed.index_fill_(0, (self.chain[:, t] == 0).nonzero().squeeze(1), True)


@dataclass(frozen=True)
class Different(Rule):
    """Ids at positions of one chain differ, as the words do that rhyme.

    chain  (B, T) int64  the number of each position's chain; 0: in no chain

    >>> rule = Different("rhyme words", chain=torch.tensor([[1, 0, 1]]))
    >>> rule.allowed(torch.tensor([[3, 2]]), 4)
    tensor([[False,  True,  True, False]])
    """

    chain: Tensor
    per_row = ("chain",)

    def allowed(self, written: Tensor, V: int) -> Tensor | None:
        t = written.size(1)
        if t >= self.chain.size(1) or not self.chain[:, t].any():
            return None
        same = (self.chain[:, :t] == self.chain[:, t:t + 1]) & (self.chain[:, t:t + 1] > 0)  # (N, t)
        allowed = torch.ones(len(written), V, dtype=torch.bool, device=written.device)
        return allowed.scatter_(1, written * same, False)  # 0 is padding, which is never written


@dataclass(frozen=True)
class NoRepeats(Rule):
    """No id comes that is in `used` or was written before.

    used      (B, U) int64  further ids that may not come, padded with <pad>
    doubling  (B, T) bool   True: here the id just before may come a second time, if no id did so before
    copies    (B, T) int64  the earlier position whose id, and no other, comes here; -1: none
    free      (F,) int64    ids that may always come
    doubles   (V,) bool     the ids that may come twice in a row at all; None: every id

    >>> rule = NoRepeats("repeats", used=torch.tensor([[4]]), doubling=torch.tensor([[False, True, False]]),
    ...                  copies=torch.tensor([[-1, -1, 0]]), free=torch.tensor([2]))
    >>> rule.allowed(torch.tensor([[3]]), 6).int()
    tensor([[1, 1, 1, 1, 0, 1]], dtype=torch.int32)
    >>> rule.allowed(torch.tensor([[3, 5]]), 6).int()
    tensor([[0, 0, 0, 1, 0, 0]], dtype=torch.int32)
    """

    used: Tensor
    doubling: Tensor
    copies: Tensor
    free: Tensor
    doubles: Tensor | None = None
    per_row = ("used", "doubling", "copies")

    def allowed(self, written: Tensor, V: int) -> Tensor:
        N, t = written.shape
        allowed = torch.ones(N, V, dtype=torch.bool, device=written.device)
        allowed.scatter_(1, torch.cat([self.used, written], dim=1), False)
        allowed[:, self.free] = True
        if not 0 < t < self.copies.size(1):
            return allowed
        last, copied = written[:, -1:], self.copies[:, t:t + 1]
        second = self.doubling[:, t:t + 1] & ~(written[:, 1:] == written[:, :-1]).any(dim=1, keepdim=True)
        if self.doubles is not None:
            second &= self.doubles[last]
        allowed.scatter_(1, last, allowed.gather(1, last) | second)
        if (copied >= 0).any():
            only = torch.zeros_like(allowed).scatter_(1, written.gather(1, copied.clamp_min(0)), True)
            allowed = torch.where(copied >= 0, only, allowed)
        return allowed


def apply_rules(rules: Sequence[Rule], possible: Tensor, written: Tensor) -> Tensor:
    """The ids (N, V) that are possible and that the rules allow, most important rule first: each row passes over a rule
    that would leave it no id.

    possible: (N, V) bool. V may exceed the number of ids that the rules know; the further ids are not allowed.
    """
    for rule in rules:
        allowed = rule.allowed(written, possible.size(1))
        if allowed is None:
            continue
        both = F.pad(allowed, (0, possible.size(1) - allowed.size(1))).logical_and_(possible)
        some_left = both.view(torch.uint8).amax(dim=1, keepdim=True).bool()  # on a CPU far faster than any
        possible = both if some_left.all() else torch.where(some_left, both, possible)
    return possible
