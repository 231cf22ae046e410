"""A model and one text in, the walk through encoding and decoding with the real values out, as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.constraints import Constraints
from core.data import Example
from core.encoder import Lookup
from core.settings import SearchSettings
from core.vocabulary import BOS, EOS, UNK
from tasks.shared.report import pad, width

if TYPE_CHECKING:
    from tasks.shared.text_model import TextModel

SHOWN = 12  # source tokens drawn at a step; of a longer source, the heaviest
BAR = 24


@torch.inference_mode()
def explain_generation(model: TextModel, example: Example, search: SearchSettings) -> list[str]:
    """The six steps of encoding, s_0, and every greedy step of decoding, under the rules of the search settings."""
    ids, tokens, lines = _encoding(model, example)
    memory = model.network.encode(ids, torch.tensor([ids.size(1)], device=ids.device))
    lines += _memory(model, tokens, memory.states[0], memory.c[0])
    decoder = model.network.decoder
    state = decoder.start(memory)
    layer = ", shown here for the top layer" if model.settings.layers > 1 else ""
    lines += ["", "DECODING", "start: <bos> and s_0 = tanh(W c + b)" + layer,
              f"   s_0: {_shape(decoder.stack.top(state)[0])} {_values(decoder.stack.top(state)[0])}"]
    where = {"none": "no attention: at every step the cell reads [E(y_{t-1}); c]",
             "before": "attention before the update: s_{t-1} asks, and the context joins the cell's input",
             "after": "attention after the update: s_t asks, and the context joins the output"}
    lines.append("   " + where[decoder.placement])
    lengths = model.task.output_lengths([example])
    rules = Constraints(max_output=search.max_output, no_repeat_ngram_size=search.no_repeat_ngram_size,
                  lengths=None if lengths is None else torch.tensor(lengths, device=ids.device))
    written = torch.empty(1, 0, dtype=torch.long, device=ids.device)
    y = torch.full((1,), BOS, device=ids.device)
    for t in range(1, rules.steps + 1):
        before = state
        readout, state, weights = decoder.step(y, state, memory)
        p = torch.softmax(decoder.logits(readout)[0], dim=-1)
        read = "<bos>" if t == 1 else model.target.vocabulary.tokens([int(y)])[0]
        lines += ["", f"step {t}: reads E({read}); s_{t}: {_values(decoder.stack.top(state)[0])}"]
        if weights is not None:
            asking = before if decoder.placement == "before" else state
            query = decoder.stack.top(asking).unsqueeze(1)
            labels = tokens if memory.states.size(1) == len(tokens) else [tokens[0]]
            lines += bars(labels, decoder.attention.scores(query, memory.keys)[0, 0], weights[0])
        allowed = p.log().unsqueeze(0)
        rules.mask_log_probs(allowed, written)
        y = allowed.argmax(dim=-1)
        written = torch.cat([written, y.unsqueeze(1)], dim=1)
        best = p.topk(min(3, len(p)))
        others = ", ".join(f"{model.target.vocabulary.tokens([i])[0]} {v:.3f}{'' if allowed[0, i].isfinite() else ' ✗'}"
                           for v, i in zip(best.values.tolist(), best.indices.tolist()))
        lines.append(f"   y_{t} = {model.target.vocabulary.tokens([int(y)])[0]}  p = {p[y].item():.3f}   "
                     f"(likeliest: {others}{'; ✗ is against the rules' if '✗' in others else ''})")
        if rules.finished(written).all():
            break
    answer = model.target.text([i for i in written[0].tolist() if i != EOS])
    return [*lines, "", f"answer (greedy; --input keeps {search.beam} hypotheses): {answer}"]


@torch.inference_mode()
def explain_classification(model: TextModel, example: Example) -> list[str]:
    """The six steps of encoding, the pooling weights of every token, and the label."""
    ids, tokens, lines = _encoding(model, example)
    lengths = torch.tensor([ids.size(1)], device=ids.device)
    memory = model.network.encoder(ids, lengths)
    lines += _memory(model, tokens, memory.states[0], memory.c[0])
    logits, weights = model.network(ids, lengths)
    if weights is None:
        lines += ["", "POOLING  none: the classifier reads c"]
    else:
        scores = model.network.pooling.scores(memory.states)[0, 0]
        lines += ["", "POOLING  a learned query q asks every state: α = softmax(score(q, h_i)), pooled = Σ α_i h_i",
                  *bars(tokens, scores, weights[0], shown=len(tokens))]
    p = torch.softmax(logits[0], dim=-1)
    lines += ["", "LABEL  softmax(W_o pooled + b_o)"]
    order = p.argsort(descending=True)[:5].tolist()
    names = max(width(model.target.names[i]) for i in order)
    lines += [f"   {pad(model.target.names[i], names)}  p = {p[i].item():.3f}  {_bar(p[i].item())}" for i in order]
    return lines


def _encoding(model: TextModel, example: Example) -> tuple[Tensor, list[str], list[str]]:
    """Steps one to four; the source ids (1, S), their tokens and the lines."""
    text = model.task.source_text(example, model.settings)
    tokens, ids = model.source.tokens(text), model.source.ids(text)
    unknown = [t for t, i in zip(tokens, ids) if i == UNK]
    table = model.network.encoder.embedding
    source = torch.tensor([ids], device=model.device)
    rows = table(source)[0]
    lines = [f"ENCODING  {text}",
             f"1 segmentation ({model.source.tokenizer.kind}): {' | '.join(tokens)}",
             f"2 vocabulary: {len(model.source):,} tokens; unknown here: {' '.join(unknown) or 'none'}",
             f"3 ids: {ids}",
             f"4 embedding: E is {tuple(table.weight.shape)}, one row for each id gives {tuple(rows.shape)}"]
    columns = max(map(width, tokens))
    lines += [f"   E({pad(token, columns)}) = {_values(row)}" for token, row in _some(tokens, rows)]
    return source, tokens, lines


def _memory(model: TextModel, tokens: list[str], states: Tensor, c: Tensor) -> list[str]:
    """Steps five and six."""
    s = model.settings
    whence = ""
    if isinstance(model.network.encoder, Lookup):
        how = "a lookup: one unit needs no recurrence; the sum of its embeddings is h_1 and c"
    else:
        directions = "both directions" if s.bidirectional else "one direction"
        whence = ", the last state of each direction" if s.bidirectional else ", the last state"
        how = f"{s.layers} layer{'s' * (s.layers > 1)} of {s.cell.upper()}, {directions}"
    names = tokens if states.size(0) == len(tokens) else tokens[:1]
    columns = max(map(width, names))
    return [f"5 states h: {how}; {tuple(states.shape)}",
            *(f"   h({pad(token, columns)}) = {_values(row)}" for token, row in _some(names, states)),
            f"6 c{whence}: {_shape(c)} {_values(c)}"]


def bars(tokens: Sequence[str], scores: Tensor, weights: Tensor, shown: int = SHOWN) -> list[str]:
    """One line a token: its score, its weight α and the weight as a bar; of many tokens only the heaviest."""
    chosen = list(range(len(tokens)))
    if len(tokens) > shown:
        chosen = sorted(weights.argsort(descending=True)[:shown].tolist())
    columns = max(width(tokens[i]) for i in chosen)
    lines = [f"   {pad(tokens[i], columns)}  score {scores[i].item():+7.3f}  α {weights[i].item():.3f}  "
             f"{_bar(weights[i].item())}".rstrip() for i in chosen]
    rest = 1 - sum(weights[i].item() for i in chosen)
    return lines + ([f"   and {len(tokens) - shown} more tokens with α {max(rest, 0):.3f} in all"]
                    if len(tokens) > shown else [])


def _some(tokens: Sequence[str], rows: Tensor) -> list[tuple[str, Tensor]]:
    return list(zip(tokens, rows))[:SHOWN * 3]


def _bar(share: float) -> str:
    eighths = round(share * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _shape(vector: Tensor) -> str:
    return f"({vector.size(0)},)"


def _values(vector: Tensor, count: int = 5) -> str:
    inside = " ".join(f"{v:+.2f}" for v in vector[:count].tolist())
    return f"[{inside}{' …' if vector.size(0) > count else ''}]"
