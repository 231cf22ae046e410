"""Encoding a corpus: its codecs and ids, computed once by several processes and cached on disk for later runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from operator import attrgetter
from pathlib import Path

import numpy as np

from core.batches import EncodedSplit
from core.cache import Folder, digest, get_or_build
from core.data import Example
from core.ragged import Ragged
from core.settings import Settings
from core.text import Codec, Labels, Texts
from core.vocabulary import BOS, EOS
from tasks.shared.parallel import map_chunks
from tasks.shared.task import Task

DEV = 5000  # the most dev examples evaluated after an epoch: the splits are in random order, so the first ones will do
SAMPLE = 5000  # examples looked at for truncated texts
SHAPING = ("tokenizer", "source_tokenizer", "shared_vocabulary", "lowercase", "min_count", "max_vocabulary",
           "max_length")
FORMAT = 2  # raise it whenever the same examples and settings would give other ids or vocabularies


@dataclass
class Encoded:
    """Both codecs of the training split, and the splits as ids, in files that are mapped into memory."""

    source: Codec
    target: Codec | Labels
    train: EncodedSplit
    dev: EncodedSplit
    folder: Folder  # a temporary one is deleted with this object

    def truncated(self, task: Task, settings: Settings, train: Sequence[Example]) -> list[str]:
        """How many texts `max_length` cuts off, one line for each side; of more than SAMPLE examples an estimate.

        train: the examples of the training split
        """
        sample, lines = train[:SAMPLE], []
        texts = {"source": [task.source_text(e, settings) for e in sample], "target": [e.target for e in sample]}
        for side, codec in (("source", self.source), ("target", self.target)):
            count = sum(len(codec.ids(text)) > settings.max_length for text in texts[side])
            if count:
                about, n = "about " * (len(train) > len(sample)), round(count * len(train) / len(sample))
                lines.append(f"{about}{n:,} of {len(train):,} training {side}s are longer than `max_length` "
                             f"{settings.max_length} tokens; the rest of them is cut off")
        return lines


class SideTexts(Texts):
    """One side of all examples, as texts. text: gives the text of an example."""

    def __init__(self, examples: Sequence[Example], text: Callable[[Example], str]) -> None:
        self.examples, self.text = examples, text

    def __iter__(self) -> Iterator[str]:
        return map(self.text, self.examples)

    def counts(self, split: Callable[[str], list[str]]) -> Counter[str]:
        total: Counter[str] = Counter()
        for part in map_chunks(partial(_counts, self.text, split), self.examples, "counting tokens"):
            total.update(part)
        return total


def codecs_of(task: Task, settings: Settings, train: Sequence[Example]) -> tuple[Codec, Codec | Labels]:
    """The task's codecs for these training examples."""
    return task.codecs(settings, SideTexts(train, partial(task.source_text, settings=settings)),
                       SideTexts(train, attrgetter("target")))


def source_ids(task: Task, settings: Settings, codec: Codec, example: Example) -> list[int]:
    """The ids of an example's source, at most max_length; without a source <bos> alone, see models.empty_source."""
    return codec.ids(task.source_text(example, settings))[:settings.max_length] or [BOS]


def target_ids(task: Task, settings: Settings, codec: Codec | Labels, example: Example) -> list[int]:
    """The ids of an example's target, at most max_length, and <eos> where the task's outputs end with it."""
    ids = codec.ids(example.target)[:settings.max_length]
    return [*ids, EOS] if task.ends_with_eos else ids


def encode(task: Task, settings: Settings, train: Sequence[Example], dev: Sequence[Example],
           cache_dir: Path | None = None, examples: str = "",
           codecs: tuple[Codec, Codec | Labels] | None = None) -> Encoded:
    """Build the codecs of `train`, and turn it and the first DEV of `dev` into ids.

    cache_dir  where the result is cached; None caches nothing
    examples   identifies these examples, for example a checksum
    codecs     those to use instead of new ones
    """
    group = digest([task.name, examples, *(str(getattr(settings, name)) for name in SHAPING),
                    *(json.dumps(codec.to_json()) for codec in codecs or ())])
    folder = get_or_build(cache_dir, group, digest(_versions()),
                          partial(_make, task, settings, train, dev[:DEV], codecs))
    codecs = Codec.from_json(folder.metadata["source"]), task.load_target(folder.metadata["target"])
    train_ids, dev_ids = (EncodedSplit(*(_ragged(folder.path, f"{split}.{side}", len(codec))
                                         for side, codec in zip(("source", "target"), codecs)))
                          for split in ("train", "dev"))
    return Encoded(*codecs, train_ids, dev_ids, folder)


def _versions() -> Iterator[str]:
    yield str(FORMAT)
    for package in ("jieba", "tokenizers"):
        try:
            yield version(package)
        except PackageNotFoundError:
            yield "none"


def _make(task: Task, settings: Settings, train: Sequence[Example], dev: Sequence[Example],
          codecs: tuple[Codec, Codec | Labels] | None, folder: Path) -> dict:
    codecs = codecs or codecs_of(task, settings, train)
    for part, examples in (("train", train), ("dev", dev)):
        work = partial(_ids, task, settings, *codecs)
        lengths: tuple[list, list] = ([], [])
        with open(folder / f"{part}.source.ids", "wb") as source, open(folder / f"{part}.target.ids", "wb") as target:
            for found in map_chunks(work, examples, f"encoding {part}"):
                for file, known, (flat, sizes) in zip((source, target), lengths, found):
                    file.write(flat.tobytes())
                    known.append(sizes)
        for side, known in zip(("source", "target"), lengths):
            np.save(folder / f"{part}.{side}.lengths.npy", np.concatenate([np.zeros(0, np.int32), *known]))
    return {"source": codecs[0].to_json(), "target": codecs[1].to_json()}


def _ragged(folder: Path, name: str, vocabulary: int) -> Ragged:
    return Ragged.from_file(folder / f"{name}.ids", _kind(vocabulary), np.load(folder / f"{name}.lengths.npy"))


def _kind(vocabulary: int) -> type:
    """The smallest type for the ids of a vocabulary of this size."""
    return np.uint16 if vocabulary <= 1 << 16 else np.int32


# in each process


def _counts(text: Callable[[Example], str], split: Callable[[str], list[str]], examples: Sequence[Example]) -> Counter:
    return Counter(token for e in examples for token in split(text(e)))


def _ids(task: Task, settings: Settings, source: Codec, target: Codec | Labels,
         examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each side all ids one after the other, and how many are each example's."""
    sides: list[tuple[np.ndarray, np.ndarray]] = []
    rows_of_sides = [source_ids(task, settings, source, e) for e in examples], \
        [target_ids(task, settings, target, e) for e in examples]
    for codec, rows in zip((source, target), rows_of_sides):
        sides.append((np.fromiter(chain.from_iterable(rows), dtype=_kind(len(codec)), count=sum(map(len, rows))),
                      np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))))
    return sides
