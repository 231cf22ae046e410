"""A network as plain data: its tensors under the names that the equations have, and as the text of a page."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.attention import Attention
from core.cells import Cell
from core.decoder import Decoder
from core.encoder import Encoder, Lookup
from core.models import Classifier, Seq2Seq
from core.ngrams import NGrams

MOST_NUMBERS = 3_000_000  # weights of n-grams in half precision; more of them take 8 bits each


def network_data(network: Seq2Seq | Classifier, cell: str) -> dict[str, Any]:
    """The parts of the network, as the scripts name them."""
    data: dict[str, Any] = {"encoder": encoder_data(network.encoder, cell)}
    if isinstance(network, Seq2Seq):
        return {**data, "decoder": decoder_data(network.decoder, cell)}
    pooling = network.pooling and {"query": network.pooling.query,
                                   "attention": attention_data(network.pooling.attention)}
    return {**data, "pooling": pooling, "W_o": network.output.weight, "b_o": network.output.bias,
            "ngrams": network.ngrams and ngrams_data(network.ngrams)}


def encoder_data(encoder: Encoder | Lookup, cell: str) -> dict[str, Any]:
    data = {"embedding": encoder.embedding.weight}
    if isinstance(encoder, Lookup):
        return data
    backward = list(encoder.backward_layers) or [None] * len(encoder.forward_layers)
    return {**data, "cell": cell, "layers": [{"forward": cell_data(right), "backward": left and cell_data(left)}
                                             for right, left in zip(encoder.forward_layers, backward)]}


def decoder_data(decoder: Decoder, cell: str) -> dict[str, Any]:
    output = decoder.output
    return {"cell": cell, "embedding": decoder.embedding.weight, "placement": decoder.placement,
            "attention": decoder.attention and attention_data(decoder.attention),
            "bridge": [weights(layer) for layer in decoder.bridge],
            "layers": [cell_data(layer) for layer in decoder.stack.cells],
            "W_r": decoder.readout.weight, "b_r": decoder.readout.bias,
            "output": {"W_o": output.weight, "b_o": output.bias, "K": output.K, "rare": output.rare and
                       weights(output.rare)}}


def weights(layer: Any) -> dict[str, Tensor]:
    return {"W": layer.weight, "b": layer.bias}


def cell_data(cell: Cell) -> dict[str, Any]:
    (W_x, b_x), (W_h, b_h) = cell.parameters_of_input(), cell.parameters_of_state()
    norms = {name: {"weight": norm.weight, "bias": norm.bias, "epsilon": norm.eps} if cell.layer_norm else None
             for name, norm in (("norm_x", cell.norm_x), ("norm_h", cell.norm_h))}
    return {"W_x": W_x, "b_x": b_x, "W_h": W_h, "b_h": b_h, **norms}


def attention_data(attention: Attention) -> dict[str, Any]:
    v_a = {"v_a": attention.v_a} if hasattr(attention, "v_a") else {}
    return {"W_a": attention.W_a.weight, "U_a": attention.U_a.weight, **v_a}


def ngrams_data(ngrams: NGrams) -> dict[str, Any]:
    """Only the buckets that training used: of a hash table of 2^18 many are empty. Beyond MOST_NUMBERS weights those of
    each label are rounded to 8 bits, whole multiples of its `scale`."""
    idf, scale = ngrams.idf, None
    used = (ngrams.weight.any(dim=1) | (idf < idf.max())).nonzero().squeeze(1)
    W = ngrams.weight[used]
    if W.numel() > MOST_NUMBERS:
        scale = (W.abs().amax(dim=0) / 127).clamp_min(1e-12)
        W = (W / scale).round()
    return {"longest": ngrams.longest, "buckets": len(idf), "used": used.tolist(), "W": W, "b": ngrams.bias,
            "scale": scale, "idf": idf[used], "idf_unseen": float(idf.max())}


def packed(data: dict[str, Any]) -> tuple[str, str]:
    """The data as JSON, where each tensor is {"tensor": [start, …shape]}, and all tensors in half precision, one behind
    the other, as base64 of their compressed bytes: first the low byte of each number, then the high bytes. A tensor
    that occurs twice, as with tied embeddings, is stored once."""
    starts: dict[tuple[int, torch.Size], int] = {}
    parts: list[np.ndarray] = []

    def place(tensor: Any) -> dict[str, list[int]]:
        key = tensor.data_ptr(), tensor.shape
        if key not in starts:
            starts[key] = sum(map(len, parts))
            parts.append(tensor.detach().cpu().to(torch.float16).flatten().numpy())
        return {"tensor": [starts[key], *tensor.shape]}

    text = json.dumps(data, ensure_ascii=False, default=place, separators=(",", ":"))
    planes = np.concatenate(parts).astype("<f2").view(np.uint8).reshape(-1, 2).T
    return text, base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")
