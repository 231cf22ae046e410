"""Training: a model and batches in, the best weights by dev loss in the model, and the history out.

Knows nothing of the model but `loss(batch) → (sum, count)`.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn

from core.batches import Batch, Data
from core.data import InputError
from core.settings import Settings


@dataclass
class Epoch:
    """One pass: losses in nats a target token (a label, for a classifier), speed in target tokens a second."""

    epoch: int
    train_loss: float
    dev_loss: float
    tokens_per_second: float
    seconds: float
    learning_rate: float
    best: bool = False


@dataclass
class History:
    epochs: list[Epoch] = field(default_factory=list)
    updates: int = 0
    precision: str = "fp32"
    seconds: float = 0.0
    stopped: str = "all epochs done"

    @property
    def best(self) -> Epoch | None:
        return next((e for e in reversed(self.epochs) if e.best), None)

    def to_json(self) -> dict:
        return asdict(self)


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_precision(asked: str, where: torch.device) -> str:
    """fp32 or bf16. "auto" multiplies a matrix in both and takes bf16 where that is at least 1.5 times as fast: some
    processors have instructions for it, on others it is slower."""
    if asked != "auto":
        return asked
    if where.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"

    def seconds(dtype: torch.dtype) -> float:
        a, b = torch.ones(512, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
        times = []
        for _ in range(8):
            begun = time.perf_counter()
            torch.mm(a, b)
            times.append(time.perf_counter() - begun)
        return min(times)

    return "bf16" if seconds(torch.float32) > 1.5 * seconds(torch.bfloat16) else "fp32"


def keep_freed_memory() -> None:
    """Let the C allocator keep what is freed instead of returning it to the system: otherwise every update asks for
    its largest tensors anew, page by page, which took half of the training time on a CPU. A hint, glibc only."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2 ** 31 - 1)


@torch.inference_mode()
def evaluate(model: nn.Module, batches: Iterable[Batch]) -> float:
    """Mean loss in nats a target token, without dropout and label smoothing; exp of it is the perplexity."""
    training, where = model.training, next(model.parameters()).device
    model.eval()
    total, count = 0.0, 0
    for batch in batches:
        loss, n = model.loss(batch.to(where))
        total, count = total + loss.item(), count + n
    model.train(training)
    return total / max(count, 1)


def learning_rate_at(update: int, updates: int, settings: Settings) -> float:
    """The learning rate's share of its highest value at this update (from 0) of `updates`.

    Linear warm-up over `warmup` updates (never more than a tenth of all), then constant, or the cosine
    ½(1 + cos(π·progress)) from 1 to 0 (Loshchilov and Hutter 2017).
    """
    warmup = min(settings.warmup, updates // 10)
    if update < warmup:
        return (update + 1) / (warmup + 1)
    if settings.schedule != "cosine":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (update - warmup) / max(updates - warmup, 1)))


def make_optimizer(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) with decay on matrices only."""
    if settings.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    groups = [{"params": [p for p in model.parameters() if (p.dim() > 1) == matrix],
               "weight_decay": settings.weight_decay * matrix} for matrix in (True, False)]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def train(model: nn.Module, data: Data, dev: Data, settings: Settings,
          on_update: Callable[[int, int, float, float, int], None] = lambda *_: None,
          on_epoch: Callable[[Epoch], None] = lambda _: None,
          on_best: Callable[[Epoch], None] = lambda _: None) -> History:
    """Train until the epochs are over, the dev loss stops improving or the user presses Ctrl-C.

    on_update(update, updates, loss, learning rate, target tokens) is called after every update, on_epoch after every
    epoch, on_best whenever the dev loss is the best so far. The model is left with its best weights.
    """
    keep_freed_memory()
    where = next(model.parameters()).device
    optimizer = make_optimizer(model, settings)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    updates = settings.epochs * math.ceil(len(data) / settings.batch_size)
    history, start, update = History(precision=choose_precision(settings.precision, where)), time.perf_counter(), 0
    best, best_loss, waited = None, math.inf, 0
    share = 1.0  # what the plateau schedule has left of the learning rate
    try:
        for number in range(1, settings.epochs + 1):
            begun, total, count = time.perf_counter(), 0.0, 0
            model.train()
            for batch in data.epoch(settings.batch_size, settings.seed, number):
                rate = settings.learning_rate * share * learning_rate_at(update, updates, settings)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                loss, n = _update(model, batch.to(where), optimizer, settings, history.precision)
                update, total, count = update + 1, total + loss, count + n
                on_update(update, updates, loss / max(n, 1), rate, n)
            seconds = time.perf_counter() - begun
            epoch = Epoch(number, total / max(count, 1), evaluate(model, dev.in_order(settings.batch_size * 2)),
                          count / seconds, seconds, rate)
            if settings.schedule == "plateau":
                plateau.step(epoch.dev_loss)
                share *= optimizer.param_groups[0]["lr"] / rate
            epoch.best = epoch.dev_loss < best_loss
            history.epochs.append(epoch)
            history.seconds = time.perf_counter() - start
            if epoch.best:
                best_loss, waited = epoch.dev_loss, 0
                best = copy.deepcopy(model.state_dict())
                on_best(epoch)
            else:
                waited += 1
            on_epoch(epoch)
            if settings.patience and waited >= settings.patience:
                history.stopped = f"no better dev loss for {waited} epochs"
                break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    if best is not None:
        model.load_state_dict(best)
    model.eval()
    history.updates = update
    history.seconds = time.perf_counter() - start
    return history


def _update(model: nn.Module, batch: Batch, optimizer: torch.optim.Optimizer, settings: Settings,
            precision: str) -> tuple[float, int]:
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(batch.source.device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        loss, count = model.loss(batch, settings.label_smoothing)
    (loss / count).backward()
    if settings.clip:
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    value = loss.item()
    if not math.isfinite(value):
        raise InputError(f"training diverged (loss {value}); lower --learning-rate {settings.learning_rate}")
    optimizer.step()
    return value, count


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """How many numbers each part learns; a shared table is counted once, where it is first met."""
    counts: dict[str, int] = {}
    seen: set[Tensor] = set()
    for name, parameter in model.named_parameters():
        if parameter in seen:
            continue
        seen.add(parameter)
        part = ("embedding" if "embedding" in name else "attention" if "attention" in name or "pooling" in name
                else name.split(".")[0])
        counts[part] = counts.get(part, 0) + parameter.numel()
    return counts
