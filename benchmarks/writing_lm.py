"""A character LSTM language model, a contestant of benchmarks/writing.py: a poem with its punctuation is one sequence.

It has the vocabulary of the model that it is compared with, about as many parameters, and as many minutes of training,
by the toolkit's own training loop.

Shapes: B poems, T characters, V vocabulary, K texts of each input.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import n2m
from benchmarks.writing_contestants import Contestant
from core import checkpoint
from core.batches import Batch, EncodedSplit, Ragged, map_batches
from core.data import Example, InputError
from core.loss import output_loss
from core.settings import Settings
from core.training import train
from core.vocabulary import BOS, PAD, SPECIALS
from corpora.fetch.download import cache_folder
from tasks.poem import punctuate
from tasks.shared.task import Trained

LINES = 12  # of a longer poem, parts of as many lines are read
TRIAL = 20  # updates that tell how many the minutes suffice for
ROWS = 512  # texts written or scored at once


class LanguageModel(nn.Module):
    """p(y_t | y_<t) = softmax(E (W_r s_t + b_r) + b_o), where s_t is the state of an LSTM."""

    def __init__(self, V: int, embedding_size: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, embedding_size, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=embedding_size ** -0.5)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.readout, self.dropout = nn.Linear(hidden_size, embedding_size), nn.Dropout(dropout)
        self.b_o = nn.Parameter(torch.zeros(V))

    def read(self, s: Tensor) -> Tensor:
        return self.dropout(self.readout(self.dropout(s)))

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(y_t | y_<t) of the real characters, and their number: what core.training asks of a model."""
        real = batch.real_positions()
        before = torch.cat([torch.full_like(batch.target[:, :1], BOS), batch.target[:, :-1]], dim=1)
        s, _ = self.lstm(self.dropout(self.embedding(before)))
        loss = output_loss(self.read(s.flatten(0, 1)[real]), self.embedding.weight, self.b_o,
                           batch.target.view(-1)[real], 0.0)
        return loss, len(real)

    def log_p(self, s: Tensor) -> Tensor:
        """log p of the next id after the states s (…, H): (…, V)"""
        return torch.log_softmax(self.read(s) @ self.embedding.weight.t() + self.b_o, dim=-1)

    def after(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The state (1, B, H), (1, B, H) behind sequences (B, S)."""
        packed = pack_padded_sequence(self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[1]


class LSTM(Contestant):
    """Samples of texts of the wanted length, behind the lines before."""

    title = "LSTM language model, sampled"

    def __init__(self, model: Trained, network: LanguageModel, minutes: float, seed: int) -> None:
        self.target, self.device, self.seed = model.target, model.device, seed
        self.network, self.minutes = network.to(model.device).eval(), minutes
        self.parameters = sum(p.numel() for p in network.parameters())
        self.banned = torch.tensor([*range(len(SPECIALS)), *self.target.ids("，。")], device=self.device)

    def sources(self, asked: Sequence[Example]) -> Ragged:
        """The lines before, of a long poem as many as an even number of lines allows, so that punctuation agrees."""
        found = []
        for e in asked:
            lines = [*e.context, e.source]
            found.append([BOS, *self.target.ids(punctuate(lines[-(LINES - 2 + len(lines) % 2):]))])
        return Ragged(found)

    def texts(self, asked: Sequence[Example]) -> list[str]:
        random = torch.Generator(self.device).manual_seed(1000 * self.seed + len(asked[0].context))

        def written(ids: Tensor, lengths: Tensor, index: np.ndarray) -> Iterator[str]:
            state, found = self.network.after(ids, lengths), []
            for _ in range(max(len(asked[i].source) for i in index)):
                log_p = self.network.log_p(state[0][0]).index_fill(1, self.banned, float("-inf"))
                found.append(torch.multinomial(log_p.exp(), 1, generator=random))
                state = self.network.lstm(self.network.embedding(found[-1]), state)[1]
            for i, row in zip(index, torch.cat(found, dim=1).tolist()):
                yield self.target.text(row[:len(asked[i].source)])

        return map_batches(written, self.sources(asked), ROWS, self.device)

    def log_p(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray:
        K = len(outputs[0])

        def scored(ids: Tensor, lengths: Tensor, index: np.ndarray) -> Iterator[np.ndarray]:
            rows = Ragged([self.target.ids(text) for i in index for text in outputs[i]])
            wanted = rows.padded(np.arange(len(rows))).to(self.device)  # (B·K, T)
            state = tuple(x.repeat_interleave(K, dim=1) for x in self.network.after(ids, lengths))
            s, _ = self.network.lstm(self.network.embedding(wanted[:, :-1]), state)
            log_p = self.network.log_p(torch.cat([state[0].transpose(0, 1), s], dim=1))
            found = log_p.gather(2, wanted.unsqueeze(2)).squeeze(2).masked_fill(wanted == PAD, 0.0)
            yield from found.sum(dim=1).double().view(-1, K).cpu().numpy()

        return np.stack(map_batches(scored, self.sources(asked), max(1, ROWS // K), self.device))


def language_model(model: n2m.Model, data: Sequence[Sequence[Example]], folder: Path, minutes: float,
                   seed: int) -> LSTM:
    """The language model of a folder, or one trained on the poems of these splits, train and dev."""
    about = {"vocabulary": model.text_model.target.vocabulary.words(), "like": asdict(model.settings)}
    V, E = len(model.text_model.target), model.settings.embedding_size
    total = sum(p.numel() for p in model.text_model.network.parameters())
    network = LanguageModel(V, E, hidden_size(total - V * (E + 1), E), model.settings.dropout)
    if checkpoint.is_model(folder):
        saved = checkpoint.read(folder)["lm"]
        if {name: saved[name] for name in about} != about:
            raise InputError(f"{folder} has a language model beside another model; choose another --out")
        checkpoint.load_weights(folder, network)
        return LSTM(model.text_model, network, saved["minutes"], seed)
    train_split, dev = (EncodedSplit([[BOS]] * len(poems), [model.text_model.target.ids(p) for p in poems])
                        for poems in map(whole_poems, data))
    settings = Settings(batch_size=32, learning_rate=3e-3, seed=seed, patience=0)
    network.to(model.text_model.device)
    settings = replace(settings, epochs=epochs_in(network, train_split, settings, minutes))
    begun = time.perf_counter()
    train(network, train_split, dev, settings, cache_dir=cache_folder())
    spent = (time.perf_counter() - begun) / 60
    checkpoint.save(folder, network, {"lm": {**about, "minutes": spent, "epochs": settings.epochs}})
    return LSTM(model.text_model, network, spent, seed)


def hidden_size(parameters: int, E: int) -> int:
    """H such that the LSTM and the readout have about as many parameters: 4 H (E + H + 2) + (H + 1) E.

    >>> H = hidden_size(1_000_000, 256)
    >>> H, 4 * H * (256 + H + 2) + (H + 1) * 256
    (364, 999072)
    """
    b = 5 * E + 8  # 4 H² + b H + E = parameters
    return max(8, int((-b + (b * b + 16 * max(0, parameters - E)) ** 0.5) / 8))


def epochs_in(network: LanguageModel, data: EncodedSplit, settings: Settings, minutes: float) -> int:
    """How many epochs the minutes suffice for, at least one, by the time of a few updates."""
    plan = data.plan_batches(settings, 1)
    trial = EncodedSplit(*(Ragged([rows.padded(np.array([i]))[0].tolist() for batch in plan[:TRIAL] for i in batch])
                           for rows in (data.sources, data.targets)))
    scratch = LanguageModel(network.embedding.num_embeddings, network.embedding.embedding_dim,
                            network.lstm.hidden_size, 0.0).to(network.b_o.device)
    history = train(scratch, trial, EncodedSplit(trial.sources, trial.targets), replace(settings, epochs=2),
                    cache_dir=cache_folder())
    seconds = history.epochs[-1].seconds * len(plan) / min(TRIAL, len(plan))
    return max(1, round(minutes * 60 / seconds))


def whole_poems(split: Sequence[Example]) -> list[str]:
    """The poems of a split with punctuation, from the pairs of their lines; long ones in parts."""
    poems = []
    for _, pairs in groupby(split, key=lambda e: e.key):
        lines: list[str] = []
        for e in [*pairs, Example("", "")]:
            if [*e.context, e.source][:len(lines)] != lines or not e.source:
                poems += [punctuate(lines[start:start + LINES]) for start in range(0, len(lines), LINES)]
            lines = [*e.context, e.source, e.target]
    return poems
