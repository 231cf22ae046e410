"""Files of the user's in, a Corpus out: a file, two aligned ones, a folder, a .zip, or what comes through a pipe."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.columns import PARTS
from corpora.shared.corpus import Corpus
from corpora.shared.encodings import NAMES, Empty, known, recognised
from corpora.shared.formats import ENDINGS, aligned, document, examples_of, texts_of
from corpora.shared.headers import header_note, unread_note
from corpora.shared.listing import files_of, is_folder
from corpora.shared.opening import File, opened
from corpora.shared.places import about, printable, said
from corpora.shared.rejects import is_rejects
from corpora.shared.tables import layout_note, rows_of

Item = Example | Dropped
TABLES = (".tsv", ".csv", ".txt")
Reader = tuple[str, Callable[[], Iterator[Item]], tuple[File, ...]]  # of which split; how to read; what


def file_corpus(paths: Sequence[Path], task: str, settings: CorpusSettings | None = None) -> Corpus:
    """One path, or those of two aligned files, as a corpus of this task. Examples are read when they are asked for."""
    settings = settings or CorpusSettings()
    readers, notes = _readers(paths, task, settings)
    files = [file for _, _, several in readers for file in several]
    name = " ".join(map(str, paths))

    def read() -> Iterator[Item]:
        for part, items, several in readers:
            try:
                for e in items():
                    if len(readers) > 1:
                        e = replace(e, file=str(several[0]))
                        e = replace(e, part=part) if part and isinstance(e, Example) else e
                    yield e
            except Empty:  # of several files one may be
                if len(readers) == 1 or len(several) > 1:
                    raise
                yield Dropped("empty file", "", file=str(several[0]))

    themes = task == "word" and many_texts_a_word(read())

    def load(script: str) -> Iterator[Item]:
        return (replace(e, key=e.target) if isinstance(e, Example) else e for e in read()) if themes else read()

    size = sum(about(file.path).st_size for file in {f.path: f for f in files}.values())
    exclusive = ("target",) if themes else ("source", "target", "context") if task == "poem" else ("source",)
    return Corpus(name=name, task=task, title="text of your own", size=f"{size:,} bytes",
                  licence="yours", origin=name, load=load, scripts=("as-written", "simplified", "traditional"),
                  exclusive=exclusive, version=lambda: checksum(files) + str(settings), converted=True,
                  notes=(*_encodings(files, settings), *notes))


def many_texts_a_word(items: Iterable[Item]) -> bool:
    """Does a source stand for a theme, with many texts about it? Then a text, not the word, must be new in test."""
    sources = array("q", (hash(e.source) for e in items if isinstance(e, Example)))  # 8 bytes an example
    if len(sources) < 100_000:
        return len(set(sources)) * 3 < len(sources)
    import numpy as np  # numbers in a set would take ten times the memory
    return len(np.unique(np.frombuffer(sources, dtype=np.int64))) * 3 < len(sources)


def checksum(files: Sequence[File]) -> str:
    """SHA-256 of the files' bytes."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"\0{file}\0".encode("utf-8", "surrogateescape") if len(files) > 1 else b"")
        with opened(file) as raw:
            while block := raw.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _encodings(files: Sequence[File], settings: CorpusSettings) -> Iterator[str]:
    if settings.encoding:
        known(settings.encoding)
        return
    found: dict[str, list[File]] = defaultdict(list)
    for file in files:
        if file.kind != ".parquet":
            with contextlib.suppress(InputError):  # told, or counted, when it is read
                found[NAMES[recognised(file)]].append(file)
    for encoding, of in found.items():
        if encoding != "UTF-8":
            others = f" and {len(of) - 1:,} more files" if len(of) > 1 else ""
            yield f"{of[0]}{others}: read as {encoding}; --encoding names another"


# which files, and how


def _readers(paths: Sequence[Path], task: str, settings: CorpusSettings) -> tuple[list[Reader], list[str]]:
    """How to read what is there, and which files are not read."""
    if len(paths) == 2:
        for path in paths:
            if is_folder(path):
                raise InputError(f"{path}: is a folder; two names are for two aligned files")
        if all(path.exists() for path in paths) and paths[0].samefile(paths[1]):
            raise InputError(f"{paths[1]}: is given twice; two names are for two aligned files")
        return [_aligned("", *(file for path in paths for file in files_of(path)), settings)], []
    if len(paths) > 2:
        raise InputError(f"--corpus {' '.join(map(str, paths))}: {len(paths)} names; give a file, two aligned files, "
                         "or a folder")
    files = files_of(paths[0])
    if not is_folder(paths[0]):
        if is_rejects(files[0]):
            raise InputError(f"{files[0]}: is a file of what --rejects left out of a corpus; give the corpus")
        return [_table("", files[0], task, settings)], _columns(files, task, settings)
    places = {file: file.place if file.inside else file.place.relative_to(paths[0]) for file in files}
    found = {file: place for file, place in places.items() if not is_rejects(file)}
    parts = {file: part_of(place) for file, place in found.items()}
    if "train" not in parts.values():
        parts = dict.fromkeys(found, "")
    pairs = _pairs(found, parts, settings)
    readers, notes = pairs or _labelled(found, parts, task, settings), []
    if not readers:
        tables = [file for file in found if file.kind in ENDINGS]
        readers, notes = [_table(parts[f], f, task, settings) for f in tables], _columns(tables, task, settings)
    if not readers:
        raise InputError(f"{paths[0]}: holds nothing to read; needs files ending in {', '.join(ENDINGS)}, two files of "
                         "one name with endings of two languages, or, to classify, a folder for each label")
    read = {file for _, _, several in readers for file in several}
    unread = [printable(str(place)) for file, place in places.items() if file not in read]
    if unread:
        more = f" and {len(unread) - 5:,} more" * (len(unread) > 5)
        notes.append(f"{paths[0]}: not read: {', '.join(unread[:5])}{more}")
    if pairs and not settings.source_column and not settings.target_column:
        source, target = (file.kind[1:] for file in pairs[0][2])
        notes.append(f"{paths[0]}: {source} is the source, {target} the target, by the alphabet; --source-column "
                     f"{target} turns them round")
    return readers, notes


def _columns(files: Sequence[File], task: str, settings: CorpusSettings) -> list[str]:
    """Of each kind of note on columns one: the tables of a folder are alike."""
    kinds = TABLES[:2] if task == "poem" else TABLES  # a poem's .txt may be plain lines
    tables = [file for file in files if file.kind in kinds][:10]
    layouts = filter(None, (layout_note(file, settings) for file in tables))
    unread = (n for file in tables for n in unread_note(rows_of(file, settings), file, settings, task == "poem"))
    headers = (n for file in tables for n in header_note(examples_of(file, task, settings), file))
    return [note for notes in (layouts, unread, headers) for note in itertools.islice(notes, 1)]


def part_of(place: Path) -> str:
    """The split that a file is for, by its name or its folders'.

    >>> part_of(Path("test_2016_flickr.de")), part_of(Path("valid/a.txt")), part_of(Path("testament.txt"))
    ('test', 'dev', '')
    """
    words = (re.match(r"[a-z]*", name.lower()).group() for name in place.parts)
    return next((PARTS[word] for word in words if word in PARTS), "")


def _table(part: str, file: File, task: str, settings: CorpusSettings) -> Reader:
    return part, lambda: examples_of(file, task, settings), (file,)


def _aligned(part: str, source: File, target: File, settings: CorpusSettings) -> Reader:
    return part, lambda: aligned(source, target, settings), (source, target)


def _pairs(places: dict[File, Path], parts: dict[File, str], settings: CorpusSettings) -> list[Reader]:
    """Files of the same name but for the language they end in: train.de and train.en."""
    stems: dict[Path, list[File]] = defaultdict(list)
    for file, place in places.items():
        if file.kind and file.kind not in ENDINGS:
            stems[place.with_suffix("")].append(file)
    several = [files for files in stems.values() if len(files) > 1]
    languages = sorted({file.kind[1:] for files in several for file in files})
    asked = [settings.source_column, settings.target_column]
    if several and (strange := [name for name in asked if name and name not in languages]):
        side = "source" if strange[0] == asked[0] else "target"
        raise InputError(f"--{side}-column {printable(strange[0])}: the files are of {said(', '.join(languages), 200)}")
    for i in (0, 1):  # of two languages one tells the other
        if not asked[i] and asked[1 - i] in languages and len(languages) == 2:
            asked[i] = next(name for name in languages if name != asked[1 - i])
    order = asked if all(asked) else languages
    if several and (len(order) != 2 or not set(order) <= set(languages)):
        raise InputError(f"the files are of {said(', '.join(languages), 200)}; say which is which with --source-column "
                         "and --target-column")
    found = [{file.kind[1:]: file for file in files} for files in several]
    pairs = [[of[language] for language in order] for of in found if set(order) <= set(of)]
    return [_aligned(parts[source], source, target, settings) for source, target in pairs]


def _labelled(places: dict[File, Path], parts: dict[File, str], task: str, settings: CorpusSettings) -> list[Reader]:
    """A folder for each label with a text in each file, or a file for each label with a text in each line."""
    if task != "classify":
        return []
    texts = {f: [name for name in place.parts[:-1] if not parts[f] or part_of(Path(name)) != parts[f]]
             for f, place in places.items() if f.kind in (".txt", "")}
    labels = {f: names[-1] for f, names in texts.items() if names}
    if labels:
        return [(parts[f], lambda f=f: document(f, labels[f], settings), (f,)) for f in labels]
    files = [f for f in texts if f.kind == ".txt" and not _has_tab(f, settings)]
    return [(parts[f], lambda f=f: texts_of(f, f.place.stem, settings), (f,)) for f in files] if len(files) > 1 else []


def _has_tab(file: File, settings: CorpusSettings) -> bool:
    items = itertools.islice(texts_of(file, "", settings), 100)
    return any(isinstance(e, Example) and "\t" in e.source for e in items)
