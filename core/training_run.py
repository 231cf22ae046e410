"""The state of a training: everything that changes from update to update.

It can be written to disk between two updates and resumed from there with the same results. Of the model it knows only
`loss(batch, label_smoothing, sampling) → (sum, count)`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from core.batches import Batch, EncodedSplit
from core.data import InputError
from core.distributed import ALONE, Group
from core.history import Epoch, History
from core.optimization import Average, copy_of, load_parameters, lr_multiplier, make_optimizer
from core.settings import Settings


@torch.inference_mode()
def evaluate(model: Any, batches: Iterable[Batch], group: Group = ALONE) -> float:
    """Mean loss in nats per target token, without dropout and label smoothing; exp of it is the perplexity. The
    processes of a group divide the batches among them."""
    training, where = model.training, next(model.parameters()).device
    model.eval()
    total, count = torch.zeros((), dtype=torch.float64, device=where), 0
    for number, batch in enumerate(batches):
        if number % group.world_size == group.rank:
            loss, n = model.loss(batch.to(where))
            total, count = total + loss.double(), count + n
    model.train(training)
    nats, tokens = group.sum(float(total), count)
    return nats / max(tokens, 1)


class _Loss(nn.Module):
    """The model's loss as a forward pass, which DistributedDataParallel needs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, batch: Batch, label_smoothing: float, sampling: float) -> Tensor:
        return self.model.loss(batch, label_smoothing, sampling)[0]


class Run:
    """A training between two updates. `restore` loads what `tensors` and `facts` return."""

    def __init__(self, model: nn.Module, data: EncodedSplit, dev: EncodedSplit, settings: Settings,
                 group: Group) -> None:
        self.model, self.settings, self.group = model, settings, group
        self.data, self.dev = (split.share_prefixes(getattr(model, "shares_prefixes", False)) for split in (data, dev))
        self.where = next(model.parameters()).device
        self.weights = dict(model.named_parameters())
        self.optimizer, self.average = make_optimizer(model, settings), Average(settings)
        self.history = History(precision=settings.precision)
        self.best: dict[str, Tensor] = {}
        self.epoch, self.batch = 1, 0  # the position: batches done of this epoch
        self.total, self.count, self.busy = 0.0, 0, 0.0  # of this epoch: summed loss, target tokens, seconds
        self.best_loss, self.bad_epochs, self.plateau_factor = math.inf, 0, 1.0
        self.learning_rate, self.begun = 0.0, time.perf_counter()
        # On a GPU to read a number is to wait for all that was queued: there the loss is read every 20 updates.
        self.read_every = 20 if self.where.type == "cuda" else 1
        self.loss, self.unread_count = 0.0, 0  # mean loss when it was last read; target tokens since then
        self.unread = torch.zeros((), dtype=torch.float64, device=self.where)
        self.network: Any = _Loss(model)
        self.updates = settings.epochs * math.ceil(len(data.plan_batches(settings, 1)) / settings.accumulate)

    def tensors(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {f"weights.{name}": w for name, w in self.weights.items()}
        found |= {f"best.{name}": w for name, w in self.best.items()}
        found |= {f"moving.{name}": w for name, w in self.average.moving.items()}
        found |= {f"kept{i}.{name}": w for i, (_, kept) in enumerate(self.average.kept) for name, w in kept.items()}
        return found | {f"optimizer.{i}.{key}": value for i, state in self.optimizer.state_dict()["state"].items()
                        for key, value in state.items()}

    def facts(self) -> dict:
        self.history.seconds = time.perf_counter() - self.begun
        return {"epoch": self.epoch, "batch": self.batch, "total": self.total, "count": self.count, "busy": self.busy,
                "best_loss": self.best_loss, "bad_epochs": self.bad_epochs, "plateau_factor": self.plateau_factor,
                "learning_rate": self.learning_rate,
                "kept": [loss for loss, _ in self.average.kept], "history": self.history.to_json(),
                "threads": torch.get_num_threads(), "processes": self.group.world_size}

    def restore(self, tensors: dict[str, Tensor], facts: dict) -> None:
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            part, rest = name.split(".", 1)
            parts.setdefault(part, {})[rest] = tensor.to(self.where)
        load_parameters(parts["weights"], self.model)
        self.best, self.average.moving = parts.get("best", {}), parts.get("moving", {})
        self.average.kept = [(loss, parts[f"kept{i}"]) for i, loss in enumerate(facts["kept"])]
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts.get("optimizer", {}).items():
            i, key = name.split(".")
            state.setdefault(int(i), {})[key] = tensor
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})
        for name in ("epoch", "batch", "total", "count", "busy", "best_loss", "bad_epochs", "plateau_factor",
                     "learning_rate"):
            setattr(self, name, facts[name])
        epochs = [Epoch(**e) for e in facts["history"].pop("epochs")]
        self.history = History(epochs, **facts["history"])
        self.begun -= self.history.seconds

    def spread(self) -> None:
        """Divide the work among the processes of the group; all begin with the weights of the first."""
        if self.group.world_size > 1:
            self.network = DistributedDataParallel(self.network, gradient_as_bucket_view=True)

    def update(self, batches: list[np.ndarray]) -> int:
        """One update with the gradient of the mean loss per target token of these batches. Returns the number of target
        tokens."""
        settings, group = self.settings, self.group
        self.learning_rate = (settings.learning_rate * self.plateau_factor
                     * lr_multiplier(self.history.updates, self.updates, settings))
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = self.learning_rate
        # Each update has a random seed of its own, so that a resumed run needs no state of the generator.
        seed = np.random.SeedSequence([settings.seed, self.history.updates, group.rank])
        torch.manual_seed(int(seed.generate_state(1)[0]))
        sampling = settings.scheduled_sampling * self.history.updates / max(self.updates, 1)
        self.optimizer.zero_grad(set_to_none=True)
        count = sum(self.data.tokens(index) for index in batches)
        for number, index in enumerate(batches, 1):
            mine = index[group.rank::group.world_size]
            weight = float(len(mine) > 0)  # a small last batch may leave nothing for this process
            batch = self.data.batch(mine if len(mine) else index[:1]).to(self.where)
            waits = group.world_size > 1 and number < len(batches)
            with (self.network.no_sync() if waits else contextlib.nullcontext()):
                with torch.autocast(self.where.type, dtype=torch.bfloat16, enabled=self.history.precision == "bf16"):
                    loss = self.network(batch, settings.label_smoothing, sampling)
                # DistributedDataParallel computes the mean over processes; this makes it the sum.
                (loss * (weight * group.world_size / count)).backward()
            self.unread += loss.detach() * weight
        if settings.max_grad_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), settings.max_grad_norm)
        self.unread_count += count
        if self.history.updates % self.read_every == 0:
            self.read_loss()
        self.optimizer.step()
        torch.autograd.graph.increment_version(self.weights.values())  # the fused optimizer does not; see search_model
        self.history.updates += 1
        self.average.after_update(self.weights, self.history.updates)
        self.count, self.batch = self.count + count, self.batch + len(batches)
        return count

    def read_loss(self) -> None:
        """Add the losses since the last reading to `total`. Raises InputError if they are not finite."""
        if not self.unread_count:
            return
        value, = self.group.sum(float(self.unread))
        if not math.isfinite(value):
            raise InputError(f"training diverged (loss {value}); lower `learning_rate` {self.settings.learning_rate}")
        self.total, self.loss = self.total + value, value / self.unread_count
        self.unread.zero_()
        self.unread_count = 0

    def end_epoch(self, on_best: Callable[[Epoch], None]) -> Epoch:
        """Measure the dev loss; keep the weights if they are the best; adapt the learning rate."""
        self.read_loss()
        settings, own = self.settings, copy_of(self.weights) if self.average.moving else None
        if own:
            load_parameters(self.average.moving, self.model)
        dev_loss = evaluate(self.model, self.dev.sorted_batches(settings.batch_size * 2), self.group)
        epoch = Epoch(self.epoch, self.total / max(self.count, 1), dev_loss, self.count / max(self.busy, 1e-9),
                      self.busy, self.learning_rate, best=dev_loss < self.best_loss)
        self.history.epochs.append(epoch)
        if epoch.best:
            self.best_loss, self.bad_epochs, self.best = dev_loss, 0, copy_of(self.weights)
            on_best(epoch)
        else:
            self.bad_epochs += 1
            self.plateau_factor *= 0.5 if settings.schedule == "plateau" else 1.0
        if own:
            load_parameters(own, self.model)
        self.average.after_epoch(self.weights, dev_loss)
        self.epoch, self.batch, self.total, self.count, self.busy = self.epoch + 1, 0, 0.0, 0, 0.0
        return epoch

    def done(self) -> str:
        """Why the training is complete, or an empty text."""
        if self.settings.patience and self.bad_epochs >= self.settings.patience:
            return f"no better dev loss for {self.bad_epochs} epochs"
        return "all epochs done" if self.epoch > self.settings.epochs else ""

    def finish(self, on_best: Callable[[Epoch], None]) -> None:
        """Load the mean of the kept weights if its dev loss is the lowest."""
        mean = self.average.mean()
        if mean:
            load_parameters(mean, self.model)
            loss = evaluate(self.model, self.dev.sorted_batches(self.settings.batch_size * 2), self.group)
            if loss < self.best_loss:
                self.best, last = mean, self.history.epochs[-1]
                self.history.epochs.append(Epoch(last.epoch, last.train_loss, loss, 0.0, 0.0, 0.0, best=True))
                self.history.stopped = f"{self.done()}; the average of {len(self.average.kept)} epochs is best"
                on_best(self.history.epochs[-1])
