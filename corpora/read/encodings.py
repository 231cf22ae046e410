"""The lines of a text file in any encoding; UTF-8, UTF-16, GB18030 and Big5 are recognised."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from functools import lru_cache

from core.data import InputError, Rejected
from corpora.shared.messages import single_line
from corpora.shared.opening import File, file_stat, open_file

READ_SIZE = 1 << 20  # bytes
LONGEST = 1_000_000  # characters in a line
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
         "gb18030": "GB18030", "big5hkscs": "Big5"}
# They make up a third of modern Chinese text and part of any Chinese text; in text decoded wrongly they are rare.
COMMON = set("的一是不了人在有我他这這中大来來上国國个個到说說们們为為子和你地出道也时時年得就那要下以生会會自"
             "着著去之过過家学學对對可她里裡后後小么麼心多天而能好都然没沒日于於起还還发發成事只作当當想看文无"
             "無开開手十用主行方又如前所本见見经經头頭面公同三已老从從动動两兩长長山水月風风雲云花何處处，。？"
             "！、：；「」《》“”（）　")
BROKEN = re.compile("[\udc80-\udcff]")  # a byte that could not be decoded, as surrogateescape marks it


class Empty(InputError):
    """A file with nothing but white space."""


@lru_cache(maxsize=64)
def _recognised(file: File, size: int, time: float) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    first, broken, foreign = b"", 0, 0
    with open_file(file) as raw:
        while block := raw.read(READ_SIZE):
            if not first:
                first = block
                for mark, encoding in MARKS.items():
                    if block.startswith(mark):
                        return encoding
                if encoding := _utf16(block):
                    return encoding
            text = decoder.decode(block)
            if not text.isascii():
                foreign += len(block) - len(text)
                broken += len(BROKEN.findall(text))
    if not broken or broken * 100 < foreign:
        return "utf-8-sig"  # a few broken lines are reported one by one
    sample = first[:first.rfind(b"\n") + 1] or first
    shares = {encoding: _share_of_common(sample, encoding) for encoding in ("gb18030", "big5hkscs")}
    best, other = sorted(shares, key=lambda e: -shares[e])
    return best if shares[best] >= 0.05 and shares[best] > 2 * shares[other] else ""


def _utf16(block: bytes) -> str:
    """UTF-16 without a byte order mark is recognised by the upper bytes of its line ends and spaces, which are zero."""
    if block.count(b"\0") < max(1, block.count(b"\n")):
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = block[:len(block) // 2 * 2].decode(encoding, "replace")
        if "\n" in text and "\0" not in text and "�" not in text:
            return encoding
    return ""


def _share_of_common(sample: bytes, encoding: str) -> float:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    foreign = [c for c in text if c > "\x7f"]
    if not foreign or foreign.count("�") * 100 > len(foreign):
        return 0.0
    return sum(c in COMMON for c in foreign) / len(foreign)


def recognised(file: File) -> str:
    """The encoding of a file. Raises InputError if it is none of those that can be recognised reliably."""
    found = file_stat(file.path)
    encoding = _recognised(file, found.st_size, found.st_mtime)
    if not encoding:
        for item in lines(file, "utf-8"):  # whose numbers are those of an editor
            if isinstance(item, Rejected) and item.detail:
                raise InputError(f"{file}: line {item.line} is not UTF-8 ({item.detail}), nor clearly GB18030 or Big5; "
                                 "give its `encoding`, for example gb18030")
        raise InputError(f"{file}: changed while it was read; try again")
    return encoding


def known(encoding: str) -> str:
    """The encoding of this name. Raises InputError if Python has none for text."""
    try:
        "a".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError, AssertionError):
        raise InputError(f"`encoding` {encoding}: unknown; for example utf-8, gb18030, big5, utf-16, shift_jis, latin-1"
                         ) from None


def encoding_of(file: File, given: str = "") -> str:
    """The encoding given, or the one recognised; a byte order mark is not part of the text."""
    encoding = known(given) if given else recognised(file)
    return "utf-8-sig" if encoding == "utf-8" else encoding


def lines(file: File, encoding: str = "") -> Iterator[tuple[int, str] | Rejected]:
    """The lines of a file with their numbers, without line ends. A line that is too long, or is not text, is Rejected.

    Raises InputError for a file with nothing but white space."""
    given, encoding = encoding, encoding_of(file, encoding)
    empty, number = True, 0
    try:
        with open_file(file) as raw, io.TextIOWrapper(raw, encoding, errors="surrogateescape") as text:
            while line := text.readline(LONGEST + 1):
                number += 1
                empty = empty and not line.strip()
                if len(line) > LONGEST and not line.endswith("\n"):
                    start = line[:100]
                    while line and not line.endswith("\n"):
                        line = text.readline(LONGEST)
                    yield Rejected(f"line of more than {LONGEST:,} characters", start, number)
                elif not line.isascii() and (broken := BROKEN.search(line)):
                    byte = ord(broken.group()) - 0xdc00
                    yield Rejected(f"not {NAMES.get(encoding, encoding)}", line, number, f"byte 0x{byte:02x}")
                elif "\0" in line:
                    yield Rejected("contains NUL bytes", line, number)
                else:
                    yield number, line[:-1] if line.endswith("\n") else line
    except UnicodeError as error:
        remedy = "leave out `encoding` to have it recognised" if given else "give its `encoding`"
        raise InputError(f"{file}: after line {number}, not {NAMES.get(encoding, encoding)} ({single_line(error)}); "
                         f"{remedy}") from None
    if empty:
        raise Empty(f"{file}: is empty; one example per line is needed")
