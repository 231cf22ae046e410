"""Examples in; codecs and ids out, made once, by several processes, and kept on disk for later runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from operator import attrgetter
from pathlib import Path

import numpy as np

from core.batches import Data, Ragged
from core.cache import Folder, digest, get_or_build
from core.data import Example
from core.settings import Settings
from core.text import Codec, Labels, Texts
from core.vocabulary import EOS
from tasks.shared.parallel import each
from tasks.shared.task import Task

DEV = 5000  # dev examples looked at after an epoch, at most: the splits are in random order, so any will do
SHAPING = ("tokenizer", "source_tokenizer", "lowercase", "min_count", "max_vocabulary", "max_length")
ROOT = Path(__file__).parents[2]
CODE = ("core/cache.py", "core/data.py", "core/text.py", "core/tokenizer.py", "core/vocabulary.py")


@dataclass
class Encoded:
    """Both codecs, learned on the training split, and the splits as ids, in files that are mapped into memory."""

    source: Codec
    target: Codec | Labels
    train: Data
    dev: Data
    folder: Folder  # a temporary one lives as long as this

    def cut(self, task: Task, settings: Settings) -> list[str]:
        """Which texts --max-length shortens, a line for each side."""
        most = settings.max_length
        counts = {"sources": int((self.train.sources.lengths >= most).sum()),
                  "targets": int((self.train.targets.lengths >= most + task.ends_with_eos).sum())}
        return [f"{n:,} of {len(self.train):,} training {side} have --max-length {most} tokens or more; what goes "
                "beyond is cut" for side, n in counts.items() if n]


class Side(Texts):
    """One side of all examples, as texts. text: what of an example it is."""

    def __init__(self, examples: Sequence[Example], text: Callable[[Example], str]) -> None:
        self.examples, self.text = examples, text

    def __iter__(self) -> Iterator[str]:
        return map(self.text, self.examples)

    def counts(self, split: Callable[[str], list[str]]) -> Counter[str]:
        total: Counter[str] = Counter()
        for part in each(partial(_counts, self.text, split), self.examples, "counting tokens"):
            total.update(part)
        return total


def learn(task: Task, settings: Settings, train: Sequence[Example]) -> tuple[Codec, Codec | Labels]:
    """The task's codecs for these examples."""
    return task.codecs(settings, Side(train, partial(task.source_text, settings=settings)),
                       Side(train, attrgetter("target")))


def source_ids(task: Task, settings: Settings, codec: Codec, example: Example) -> list[int]:
    """Raw text → ids, cut to max_length."""
    return codec.ids(task.source_text(example, settings))[:settings.max_length]


def target_ids(task: Task, settings: Settings, codec: Codec | Labels, example: Example) -> list[int]:
    ids = codec.ids(example.target)[:settings.max_length]
    return [*ids, EOS] if task.ends_with_eos else ids


def encode(task: Task, settings: Settings, train: Sequence[Example], dev: Sequence[Example],
           place: Path | None = None, examples: str = "") -> Encoded:
    """Learn the codecs on `train`, and turn it and the first DEV of `dev` into ids.

    place     a folder where the result is kept, and found again; None keeps nothing
    examples  what tells these examples from all others, for example a checksum
    """
    group = digest([task.name, examples, *(str(getattr(settings, name)) for name in SHAPING)])
    folder = get_or_build(place, group, digest(_program()), partial(_make, task, settings, train, dev[:DEV]))
    codecs = Codec.from_json(folder.metadata["source"]), task.load_target(folder.metadata["target"])
    parts = (Data(*(_ragged(folder.path, f"{part}.{side}", len(codec))
                    for side, codec in zip(("source", "target"), codecs))) for part in ("train", "dev"))
    return Encoded(*codecs, *parts, folder)


def _program() -> Iterator[str | bytes]:
    for path in [*(ROOT / name for name in CODE), *sorted((ROOT / "tasks").rglob("*.py"))]:
        yield path.read_bytes()
    for package in ("jieba", "tokenizers"):
        try:
            yield version(package)
        except PackageNotFoundError:
            yield "none"


def _make(task: Task, settings: Settings, train: Sequence[Example], dev: Sequence[Example], folder: Path) -> dict:
    codecs = learn(task, settings, train)
    for part, examples in (("train", train), ("dev", dev)):
        work = partial(_ids, task, settings, *codecs)
        lengths: tuple[list, list] = ([], [])
        with open(folder / f"{part}.source.ids", "wb") as source, open(folder / f"{part}.target.ids", "wb") as target:
            for found in each(work, examples, f"encoding {part}"):
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


# done by each process


def _counts(text: Callable[[Example], str], split: Callable[[str], list[str]], examples: Sequence[Example]) -> Counter:
    return Counter(token for e in examples for token in split(text(e)))


def _ids(task: Task, settings: Settings, source: Codec, target: Codec | Labels,
         examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each side all ids one after the other, and how many are each example's."""
    sides = []
    for codec, ids in ((source, source_ids), (target, target_ids)):
        rows = [ids(task, settings, codec, e) for e in examples]
        sides.append((np.fromiter(chain.from_iterable(rows), dtype=_kind(len(codec)), count=sum(map(len, rows))),
                      np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))))
    return sides
