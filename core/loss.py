"""The loss of an output layer: the summed negative log-likelihood of the true ids.

The logits of a whole batch are its largest tensor by far, and each is needed only for one number and one gradient. So
they are computed for some positions at a time and turned into loss and gradients while they are still in the
processor's cache.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.machine import round_up_to_64

CPU_ROWS = 256  # positions at a time: their logits fit a processor's cache
GPU_LOGITS = 1 << 26  # at a time: a quarter of a gigabyte, which keeps a GPU busy


def slice_rows(device: str, V: int) -> int:
    """Positions whose logits are computed at once, a multiple of 64.

    >>> slice_rows("cpu", 8000), slice_rows("cuda", 8000), slice_rows("cuda", 4_000_000)
    (256, 8384, 64)
    """
    return CPU_ROWS if device == "cpu" else max(64, GPU_LOGITS // V // 64 * 64)


def plain_output_loss(readout: Tensor, W_o: Tensor, b_o: Tensor, target: Tensor, label_smoothing: float) -> Tensor:
    """-Σ_n Σ_v q_nv log p_nv, where p_n = softmax(W_o ŝ_n + b_o) and q_n is 1 - ε at the target plus ε / V everywhere
    (Szegedy et al. 2016). The simple version of `output_loss`; a test checks that both agree.

    readout ŝ (N, E), W_o (V, E), b_o (V,), target (N,). Returns a number.
    """
    logits = F.linear(readout, W_o, b_o).float()  # (N, V)
    return F.cross_entropy(logits, target, reduction="sum", label_smoothing=label_smoothing)


class _OutputLoss(torch.autograd.Function):
    """∂loss/∂logits = p - q, so the gradients can be summed together with the loss."""

    @staticmethod
    def forward(ctx: Any, readout: Tensor, W_o: Tensor, b_o: Tensor, target: Tensor, label_smoothing: float) -> Tensor:
        kind = readout.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else W_o.dtype
        V, N = W_o.size(0), readout.size(0)
        ROWS = slice_rows(kind, V)
        learn = any(ctx.needs_input_grad)
        loss = torch.zeros((), device=readout.device)
        with torch.autocast(kind, enabled=False):
            x, W, b = (t.to(dtype) for t in (readout, W_o, b_o))
            x, y = F.pad(x, (0, 0, 0, round_up_to_64(N) - N)), F.pad(target, (0, round_up_to_64(N) - N))
            if learn:
                d_readout, d_W, d_b = torch.empty_like(x), torch.zeros_like(W_o), torch.zeros_like(b_o)
            for start in range(0, N, ROWS):
                part, real = slice(start, start + ROWS), min(N - start, ROWS)
                log_p = torch.log_softmax(F.linear(x[part], W, b).float(), dim=-1)  # (rows, V)
                true = torch.arange(log_p.size(0), device=y.device), y[part]  # one column per row
                loss -= (1 - label_smoothing) * log_p[true][:real].sum()
                if label_smoothing:
                    loss -= label_smoothing / V * log_p[:real].sum()
                if learn:
                    slope = log_p.exp_()  # p, and then p - q
                    if label_smoothing:
                        slope -= label_smoothing / V
                    slope[true] -= 1 - label_smoothing
                    slope[real:] = 0
                    d_b += slope.sum(dim=0)
                    slope = slope.to(dtype)
                    d_readout[part] = slope @ W
                    d_W += slope.t() @ x[part]
        if learn:
            ctx.save_for_backward(d_readout[:N].to(readout.dtype), d_W, d_b)
        return loss

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        return *(gradient * slope for gradient in ctx.saved_tensors), None, None


def output_loss(readout: Tensor, W_o: Tensor, b_o: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """As plain_output_loss, in about half the time and without the logits of all positions in memory."""
    return _OutputLoss.apply(readout, W_o, b_o, target, label_smoothing)
