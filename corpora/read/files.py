"""A Corpus from the user's own files: one file, two aligned ones, a folder, a .zip, or a pipe."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from core.data import ExampleFormat, InputError, Rejected
from core.settings import CorpusSettings
from corpora.read.columns import SPLIT_NAMES, header_note, unread_note
from corpora.read.encodings import NAMES, Empty, known, recognised
from corpora.read.formats import (
    ENDINGS,
    Item,
    aligned,
    document,
    examples_of,
    has_tab,
    in_paragraphs,
    is_plain,
    of_split,
    texts_of,
)
from corpora.read.listing import files_of, is_folder, is_rejects
from corpora.read.tables import layout_note, rows_of
from corpora.shared.corpus import Corpus
from corpora.shared.messages import listed, printable, single_line
from corpora.shared.opening import File, file_stat, open_file

TABLES = (".tsv", ".csv", ".txt")
Reader = tuple[str, Callable[[], Iterator[Item]], tuple[File, ...]]  # the split; how to read the files; the files


def file_corpus(paths: Sequence[Path], format: ExampleFormat, settings: CorpusSettings | None = None) -> Corpus:
    """A corpus of this format from one path, or from those of two aligned files. Examples are read when requested."""
    settings = settings or CorpusSettings()
    readers, notes = _readers(paths, format, settings)
    files = [file for _, _, several in readers for file in several]
    name = " ".join(map(str, paths))

    def load(script: str) -> Iterator[Item]:
        for split, items, several in readers:
            file = str(several[0]) if len(readers) > 1 else ""
            try:
                yield from of_split(split if file else "", items(), file)
            except Empty:  # one of several files may be
                if not file or len(several) > 1:
                    raise
                yield Rejected("empty file", "", file=file)

    size = sum(file_stat(file.path).st_size for file in {f.path: f for f in files}.values())
    return Corpus(name=name, task=format.task, title="text of your own", size=f"{size:,} bytes", licence="yours",
                  origin=name, load=load, scripts=("as-written", "simplified", "traditional"), converted=True,
                  disjoint_fields=None, version=lambda: checksum(files) + str(settings),
                  notes=(*_encodings(files, settings), *notes),
                  names=tuple("-" if str(path) == "-" else os.path.abspath(path) for path in paths))


def checksum(files: Sequence[File]) -> str:
    """SHA-256 of the files' bytes."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"\0{file}\0".encode("utf-8", "surrogateescape") if len(files) > 1 else b"")
        with open_file(file) as raw:
            while block := raw.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _encodings(files: Sequence[File], settings: CorpusSettings) -> Iterator[str]:
    if settings.encoding:
        known(settings.encoding)
        return
    found: dict[str, list[File]] = defaultdict(list)
    for file in files:
        if file.suffix != ".parquet":
            with contextlib.suppress(InputError):  # reported, or counted, when the file is read
                found[NAMES[recognised(file)]].append(file)
    for encoding, of in found.items():
        if encoding != "UTF-8":
            yield f"{listed(of, 1)}: read as {encoding}; `encoding` overrides this"


def _readers(paths: Sequence[Path], format: ExampleFormat,
             settings: CorpusSettings) -> tuple[list[Reader], list[str]]:
    """How to read the files at these paths, and notes on them."""
    if len(paths) == 2:
        for path in paths:
            if is_folder(path):
                raise InputError(f"{path}: is a folder; two names are for two aligned files")
        if all(path.exists() for path in paths) and paths[0].samefile(paths[1]):
            raise InputError(f"{paths[1]}: is given twice; two names are for two aligned files")
        both = files_of(paths[0])[0], files_of(paths[1])[0]
        return [("", partial(aligned, *both, settings), both)], []
    if len(paths) > 2:
        raise InputError(f"`corpus` {' '.join(map(str, paths))}: {len(paths)} names; pass a file, two aligned files, "
                         "or a folder")
    files = files_of(paths[0])
    if not is_folder(paths[0]):
        if is_rejects(files[0]):
            raise InputError(f"{files[0]}: contains the `rejects` of a corpus; pass the corpus")
        return [("", partial(examples_of, files[0], format, settings), (files[0],))], _columns(files, format, settings)
    inner_paths = {f: f.unpacked_path if f.member else f.unpacked_path.relative_to(paths[0]) for f in files}
    found = {file: path for file, path in inner_paths.items() if not is_rejects(file)}
    splits = {file: split_of(path) for file, path in found.items()}
    if "train" not in splits.values():
        splits = dict.fromkeys(found, "")
    pairs, notes = _pairs(found, splits, settings), []
    readers = pairs or (_labelled(found, splits, settings) if format.labels else [])
    if not readers:
        tables = [file for file in found if file.suffix in ENDINGS]
        readers = [(splits[f], partial(examples_of, f, format, settings), (f,)) for f in tables]
        notes = _columns(tables, format, settings)
    if not readers:
        raise InputError(f"{paths[0]}: nothing to read; needs files ending in {', '.join(ENDINGS)}, two files of the "
                         "same name with the suffixes of two languages, or, for labels, a folder per label")
    read = {file for _, _, several in readers for file in several}
    if unread := [printable(str(path)) for file, path in inner_paths.items() if file not in read]:
        notes.append(f"{paths[0]}: not read: {listed(unread)}")
    if pairs and not settings.source_column and not settings.target_column:
        source, target = (file.suffix[1:] for file in pairs[0][2])
        notes.append(f"{paths[0]}: {source} is the source, {target} the target, in alphabetical order; `source_column` "
                     f"{target} exchanges them")
    return readers, notes


def _columns(files: Sequence[File], format: ExampleFormat, settings: CorpusSettings) -> list[str]:
    """One note of each kind on columns, as the tables of a folder are alike."""
    suffixes = TABLES[:2] if format.lines else TABLES  # a .txt of poems may be plain lines
    tables = [file for file in files if file.suffix in suffixes][:10]
    layouts = filter(None, (layout_note(file, settings) for file in tables))
    unread = (n for file in tables for n in unread_note(rows_of(file, settings), file, settings, format.lines))
    headers = (n for file in tables for n in header_note(examples_of(file, format, settings), file))
    poems = (f"{file}: poems are separated by blank rows" for file in files if format.lines
             and is_plain(file, settings) and in_paragraphs(file, settings))
    return [note for notes in (layouts, unread, headers, poems) for note in itertools.islice(notes, 1)]


def split_of(path: Path) -> str:
    """The split that a file belongs to, by its name or those of its folders.

    >>> split_of(Path("test_2016_flickr.de")), split_of(Path("valid/a.txt")), split_of(Path("testament.txt"))
    ('test', 'dev', '')
    """
    words = (re.sub("[^a-z].*", "", name.lower(), flags=re.DOTALL) for name in path.parts)
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), "")


def _pairs(paths: dict[File, Path], splits: dict[File, str], settings: CorpusSettings) -> list[Reader]:
    """Files of the same name but for the language they end in: train.de and train.en."""
    stems: dict[Path, list[File]] = defaultdict(list)
    for file, path in paths.items():
        if file.suffix and file.suffix not in ENDINGS:
            stems[path.with_suffix("")].append(file)
    several = [files for files in stems.values() if len(files) > 1]
    languages = sorted({file.suffix[1:] for files in several for file in files})
    asked = [settings.source_column, settings.target_column]
    if several and (strange := [name for name in asked if name and name not in languages]):
        side = "source" if strange[0] == asked[0] else "target"
        raise InputError(f"`{side}_column` {printable(strange[0])}: the files are of "
                         f"{single_line(', '.join(languages), 200)}")
    for i in (0, 1):  # with two languages, naming one is enough
        if not asked[i] and asked[1 - i] in languages and len(languages) == 2:
            asked[i] = next(name for name in languages if name != asked[1 - i])
    order = asked if all(asked) else languages
    if several and (len(order) != 2 or not set(order) <= set(languages)):
        raise InputError(f"the files are of {single_line(', '.join(languages), 200)}; choose with `source_column` and "
                         "`target_column`")
    found = [{file.suffix[1:]: file for file in files} for files in several]
    pairs = [(of[order[0]], of[order[1]]) for of in found if set(order) <= set(of)]
    return [(splits[pair[0]], partial(aligned, *pair, settings), pair) for pair in pairs]


def _labelled(paths: dict[File, Path], splits: dict[File, str], settings: CorpusSettings) -> list[Reader]:
    """A folder per label with one text per file, or a file per label with one text per line."""
    texts = {f: [name for name in path.parts[:-1] if not splits[f] or split_of(Path(name)) != splits[f]]
             for f, path in paths.items() if f.suffix in (".txt", "")}
    labels = {f: names[-1] for f, names in texts.items() if names}
    if labels:
        return [(splits[f], partial(document, f, label, settings), (f,)) for f, label in labels.items()]
    files = [f for f in texts if f.suffix == ".txt" and not has_tab(f, settings, 100)]
    readers: list[Reader] = [(splits[f], partial(texts_of, f, f.unpacked_path.stem, settings), (f,)) for f in files]
    return readers if len(readers) > 1 else []
