"""corpora/read/encodings.py: the encoding of a file is recognised, or refused, and never guessed wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import file_corpus

from core.data import Rejected
from core.settings import CorpusSettings
from corpora.read import encodings
from corpora.read.encodings import lines, recognised
from corpora.shared.opening import File

MODERN = "我们今天去学校看书，他说那里的人都很好。\t这是一个大家都知道的地方，你也来吧！\n" * 3
TRADITIONAL = "我們今天去學校看書，他說那裡的人都很好。\t這是一個大家都知道的地方，你也來吧！\n" * 3
OLD = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n"


def file_of(tmp_path, data: bytes, name: str = "mine.tsv") -> File:
    (tmp_path / name).write_bytes(data)
    return File(tmp_path / name)


def texts(file: File, encoding: str = "") -> list[str]:
    return [item[1] for item in lines(file, encoding) if not isinstance(item, Rejected)]


ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
             "gb18030": "GB18030", "big5hkscs": "Big5"}
CASES = [(text, encoding, name) for text in (MODERN, TRADITIONAL, OLD) for encoding, name in ENCODINGS.items()
         if (text, name) != (MODERN, "Big5")]  # which has no simplified characters


@pytest.mark.parametrize("text,encoding,name", CASES)
def test_chinese_text_is_recognised_in_each_encoding(tmp_path, text, encoding, name):
    file = file_of(tmp_path, text.encode(encoding))
    assert encodings.NAMES[recognised(file)] == name
    assert texts(file) == text.splitlines()
    corpus = file_corpus([file.path], "translate" if text != OLD else "poem")
    said = (f"{file}: read as {name}; `encoding` overrides this",)
    assert corpus.notes == (() if name == "UTF-8" else said)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "euc_kr", "koi8-r"])
def test_an_encoding_that_is_not_recognised_is_refused_and_read_when_named(tmp_path, refused, encoding):
    text = {"shift_jis": "日本語のテキスト\tこれは例です\n", "euc_kr": "한국어 텍스트\t예입니다\n",
            "koi8-r": "русский текст\tпример\n"}.get(encoding, "schöne Grüße\tüber Österreich\n") * 5
    file = file_of(tmp_path, text.encode(encoding))
    said = refused(lambda: recognised(file))
    assert said.startswith(f"{file}: line 1 is not UTF-8 (byte 0x") and "`encoding`" in said
    assert texts(file, encoding) == text.splitlines()


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "", "utf-8\0"])
def test_an_unknown_encoding_is_refused(refused, name):
    if name:
        assert refused(lambda: encodings.known(name)).startswith(f"`encoding` {name}: unknown")


def test_a_few_broken_lines_of_utf8_are_rejected_and_reported(tmp_path):
    good = "我们今天去学校看书\t好\n".encode() * 200
    file = file_of(tmp_path, good + b"broken \xff\xfe here\tx\n" + good)
    dropped = [item for item in lines(file) if isinstance(item, Rejected)]
    assert [(d.reason, d.line, d.detail) for d in dropped] == [("not UTF-8", 201, "byte 0xff")]
    assert len(texts(file)) == 400


def test_nul_bytes_drop_a_line(tmp_path):
    file = file_of(tmp_path, b"a\tb\nc\0\td\ne\tf\n")
    assert [item if not isinstance(item, Rejected) else (item.line, item.reason) for item in lines(file)] == [
        (1, "a\tb"), (2, "contains NUL bytes"), (3, "e\tf")]


def test_a_line_without_end_is_dropped_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "LONGEST", 1000)
    file = file_of(tmp_path, b"a\tb\n" + b"x" * 1_000_000 + b"\nc\td\n" + b"y" * 1000 + b"\n" + b"z" * 1001)
    found = [(item.line, item.reason, len(item.text)) if isinstance(item, Rejected) else item for item in lines(file)]
    assert found == [(1, "a\tb"), (2, "line of more than 1,000 characters", 100), (3, "c\td"), (4, "y" * 1000),
                     (5, "line of more than 1,000 characters", 100)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_in_any_encoding(tmp_path, end):
    for encoding in ("utf-16", "gb18030"):
        file = file_of(tmp_path, MODERN.replace("\n", end).encode(encoding), f"{encoding}.tsv")
        assert texts(file) == MODERN.splitlines()


@given(st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_in_utf8_and_utf16_comes_back_as_it_was(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    for encoding in ("utf-8-sig", "utf-16"):
        assert texts(file_of(folder, (text + "\n").encode(encoding), encoding)) == [text]


@given(st.binary(min_size=1, max_size=300))
def test_random_bytes_in_any_named_encoding_are_read_or_refused(tmp_path_factory, data):
    from core.data import InputError
    file = file_of(tmp_path_factory.mktemp("bytes"), data)
    for encoding in ("utf-8", "utf-16", "gb18030", "big5", "latin-1", "utf-7", "shift_jis"):
        try:
            list(lines(file, encoding))
        except InputError as error:
            assert str(file) in str(error)


def test_the_encoding_of_the_settings_is_used(tmp_path):
    file = file_of(tmp_path, "schön\tfine\n".encode("latin-1"))
    corpus = file_corpus([file.path], "translate", CorpusSettings(encoding="latin-1"))
    assert [(e.source, e.target) for e in corpus.examples()] == [("schön", "fine")]
