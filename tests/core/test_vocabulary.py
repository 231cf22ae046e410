import gzip
import json
import os
import ssl

import pytest
import torch

from core.data import InputError
from core.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary

TEXTS = [["c", "b", "a", "b"], ["c", "d", "b"], ["a"]]  # b 3, a 2, c 2, d 1


def test_special_symbols_come_first():
    v = Vocabulary.from_texts(TEXTS)
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert v.tokens(range(4)) == ["<pad>", "<bos>", "<eos>", "<unk>"]


def test_tokens_come_by_falling_frequency_and_ties_by_spelling():
    assert Vocabulary.from_texts(TEXTS).words() == ["b", "a", "c", "d"]


def test_the_order_of_the_texts_changes_nothing():
    assert Vocabulary.from_texts(TEXTS[::-1]).words() == Vocabulary.from_texts(TEXTS).words()


def test_ids_and_tokens_undo_each_other():
    v = Vocabulary.from_texts(TEXTS)
    assert v.ids(["b", "a", "c", "d"]) == [4, 5, 6, 7]
    assert v.tokens([7, 6, 5, 4]) == ["d", "c", "a", "b"]
    assert len(v) == 8


@pytest.mark.parametrize("min_count, words", [(1, ["b", "a", "c", "d"]), (2, ["b", "a", "c"]), (3, ["b"]), (4, [])])
def test_rare_tokens_are_left_out(min_count, words):
    assert Vocabulary.from_texts(TEXTS, min_count=min_count).words() == words


@pytest.mark.parametrize("max_size, words", [(0, ["b", "a", "c", "d"]), (1, ["b"]), (3, ["b", "a", "c"]),
                                             (9, ["b", "a", "c", "d"])])
def test_only_the_most_frequent_are_kept(max_size, words):
    assert Vocabulary.from_texts(TEXTS, max_size=max_size).words() == words


def test_unknown_tokens_share_unk():
    v = Vocabulary.from_texts(TEXTS, min_count=2)
    assert v.ids(["d", "never seen", "b"]) == [UNK, UNK, 4]
    assert len(v) == 7  # asking adds nothing


def test_contains_means_has_an_id_of_its_own():
    v = Vocabulary.from_texts(TEXTS, min_count=2)
    assert "b" in v
    assert "d" not in v
    assert all(special not in v for special in SPECIALS)


def test_text_that_spells_a_special_symbol_is_not_one():
    v = Vocabulary.from_texts([["a", "<pad>", "<eos>", "<pad>"]])
    assert v.words() == ["a"]
    assert v.ids(["<pad>", "a", "<eos>", "<bos>", "<unk>"]) == [UNK, 4, UNK, UNK, UNK]


@pytest.mark.parametrize("tokens", [["a", "b", "a"], ["a", "<eos>"]])
def test_tokens_that_cannot_have_one_id_are_refused(tokens):
    with pytest.raises(InputError, match="contains a token twice, or a special symbol"):
        Vocabulary(tokens)


def test_ids_are_the_same_after_saving_and_loading():
    v = Vocabulary.from_texts([["光", "月", "a", "é", "😀", " ", "z", "z"], ["\u2423", "月"]])
    again = Vocabulary(json.loads(json.dumps(v.words())))
    tokens = [*v.tokens(range(len(v))), "unseen"]
    assert again.words() == v.words()
    assert again.ids(tokens) == v.ids(tokens)
    assert again.tokens(range(len(again))) == v.tokens(range(len(v)))


# pre-trained vectors

ROWS = "b 1 2 3\nx 7 8 9\nd -1 0.5 4e-1\n"
WANTED = {"b": [1.0, 2.0, 3.0], "d": [-1.0, 0.5, 0.4]}


def vectors(tmp_path, text, name="vectors.txt", cache_dir=None):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Vocabulary.from_texts(TEXTS).vectors(str(path), cache_dir)


@pytest.mark.parametrize("header", ["", "3 3\n", "3 3 \r\n"], ids=["no header", "header", "header of Windows"])
@pytest.mark.parametrize("packed", [False, True])
def test_vectors_go_to_their_tokens(tmp_path, header, packed):
    text = (header + ROWS).encode()
    table, given, unused = vectors(tmp_path, gzip.compress(text) if packed else text, "v.vec" + ".gz" * packed)
    v = Vocabulary.from_texts(TEXTS)
    assert table.shape == (len(v), 3) and unused == 0
    for i, token in enumerate(v.tokens(range(len(v)))):
        assert table[i].tolist() == pytest.approx(WANTED.get(token, [0, 0, 0]))
        assert given[i].item() == (token in WANTED)


def test_vectors_of_chinese_words(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("月光 1 2 3\n月 4 5 6\n", encoding="utf-8")
    table, given, _ = Vocabulary(["月", "山"]).vectors(str(path))
    assert given.tolist() == [False] * 4 + [True, False]
    assert table[4:].tolist() == [[4, 5, 6], [0, 0, 0]]


def test_a_vector_of_zeros_is_one_and_special_symbols_have_none(tmp_path):
    _, given, _ = vectors(tmp_path, "b 0 0 0\n<pad> 1 2 3\n<unk> 1 2 3\n")
    assert given.nonzero().flatten().tolist() == [4]


@pytest.mark.parametrize(("rows", "unused", "b"), [
    pytest.param("b 1 2 3\nb 4 5 6\n", 1, [4, 5, 6], id="a word twice: its last row, as torchtext has it"),
    pytest.param("b 1 2 3\na 4\nc 4 5 6\n", 1, [1, 2, 3], id="a single number"),
    pytest.param(b"\xff\xfe 4 5 6\nb 1 2 3\n", 1, [1, 2, 3], id="a word that is not UTF-8"),
    pytest.param(" 4 5 6\nb 1 2 3\n", 0, [1, 2, 3], id="an empty word"),
    pytest.param("x\0 4 5 6\nb 1 2 3\n", 0, [1, 2, 3], id="a word with a NUL"),
    pytest.param("x\u3000y 4 5 6\nb 1 2 3 \n", 0, [1, 2, 3], id="a word with a wide space"),
    pytest.param("b 1 2 3\r\nx 4 5 6\r\n", 0, [1, 2, 3], id="line ends of Windows"),
    pytest.param("b 1 2 3\nx 4 5 6", 0, [1, 2, 3], id="no end of the last line"),
])
def test_rows_without_use_are_counted_and_harm_no_other(tmp_path, rows, unused, b):
    table, _, found = vectors(tmp_path, rows)
    assert (table[4].tolist(), found) == (b, unused)


def test_vectors_are_kept_as_torchtext_keeps_them_and_found_again(tmp_path, monkeypatch):
    first, cache_dir = vectors(tmp_path, ROWS, cache_dir=tmp_path / "place"), tmp_path / "place"
    [folder] = cache_dir.iterdir()
    itos, stoi, _, dim = torch.load(folder / "vectors.txt.pt", weights_only=True)
    assert (itos, stoi, dim) == (["b", "x", "d"], {"b": 0, "x": 1, "d": 2}, 3)
    monkeypatch.setattr("core.vocabulary.header_of", None)  # whoever parses again, fails
    again = vectors(tmp_path, ROWS, cache_dir=cache_dir)
    assert all(torch.equal(a, b) for a, b in zip(again[:2], first[:2])) and again.unused == first.unused


def test_a_changed_file_is_read_anew_though_size_and_time_are_the_same(tmp_path):
    cache_dir = tmp_path / "place"
    vectors(tmp_path, ROWS, cache_dir=cache_dir)
    time = os.stat(tmp_path / "vectors.txt").st_mtime_ns
    (tmp_path / "vectors.txt").write_text(ROWS.replace("b 1 2 3", "b 4 5 6"))
    os.utime(tmp_path / "vectors.txt", ns=(time, time))
    table, _, _ = Vocabulary.from_texts(TEXTS).vectors(str(tmp_path / "vectors.txt"), cache_dir)
    assert table[4].tolist() == [4, 5, 6]
    assert len(list(cache_dir.iterdir())) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    def header_of(path):
        path.write_text(ROWS + "z 1 2 3\n")

    monkeypatch.setattr("core.vocabulary.header_of", header_of)
    with pytest.raises(InputError, match="changed while it was read; run the command again"):
        vectors(tmp_path, ROWS)


def test_files_of_one_name_in_two_folders_are_two_and_a_link_is_the_same(tmp_path):
    v, cache_dir = Vocabulary.from_texts(TEXTS), tmp_path / "place"
    for folder, row in (("one", "b 1 2 3\n"), ("two", "b 4 5 6\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "vectors.txt").write_text(row)
    (tmp_path / "link").symlink_to(tmp_path / "two" / "vectors.txt")
    for name, row in (("one/vectors.txt", [1, 2, 3]), ("two/vectors.txt", [4, 5, 6]), ("link", [4, 5, 6])):
        assert v.vectors(str(tmp_path / name), cache_dir)[0][4].tolist() == row
    assert len(list(cache_dir.iterdir())) == 2


def test_what_a_disk_has_spoilt_is_read_anew(tmp_path):
    first, cache_dir = vectors(tmp_path, ROWS, cache_dir=tmp_path / "place"), tmp_path / "place"
    [file] = cache_dir.glob("*/*.pt")
    content = file.read_bytes()
    at = content.index(torch.tensor([1.0, 2.0, 3.0]).numpy().tobytes())
    file.write_bytes(content[:at] + b"\7" + content[at + 1:])
    assert torch.equal(vectors(tmp_path, ROWS, cache_dir=cache_dir).table, first.table)


def test_vectors_that_no_memory_can_hold_are_refused(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("core.vocabulary.read_binary", full)
    with pytest.raises(InputError, match="is too large for the memory; remove its rarer words"):
        vectors(tmp_path, b"1 1\nb \0\0\0\0")


def test_a_full_disk_is_not_taken_for_a_bad_file(tmp_path, monkeypatch):
    def full(content, path):
        path = str(path)
        with open(path, "wb") as file:
            file.write(b"begun")
        if str(tmp_path / "place") in path:
            raise RuntimeError("PytorchStreamWriter failed writing file")
        save(content, path)

    save = torch.save
    monkeypatch.setattr(torch, "save", full)
    assert vectors(tmp_path, ROWS, cache_dir=tmp_path / "place").pretrained_mask.sum() == 2
    assert list((tmp_path / "place").iterdir()) == []


def test_a_missing_file_of_vectors_is_named(tmp_path):
    with pytest.raises(InputError, match=r"`vectors` .*nowhere.txt does not exist; use a file in word2vec \(text"):
        Vocabulary.from_texts(TEXTS).vectors(str(tmp_path / "nowhere.txt"))


@pytest.mark.parametrize(("content", "why"), [
    pytest.param("b 1 2 3\na 4 5\n", "has 2 dimensions", id="rows of two lengths"),
    pytest.param("b 1 2 3\na b 4 5 6\n", "has 4 dimensions", id="a space in a word"),
    pytest.param("b 1 2 3\na b 5 6\n", "could not convert", id="a space in place of a number"),
    pytest.param("b  1 2 3\n", "could not convert", id="two spaces"),
    pytest.param("b\t1\t2\t3\n", "no row of three or more", id="tabs"),
    pytest.param("b 1 2 3\n\n", "has 0 dimensions", id="an empty line"),
    pytest.param("b 1 2 3\na 4 5 six\n", "could not convert", id="no number"),
    pytest.param("b 1 2\na 4 5\n", "no row of three or more", id="two numbers a row"),
    pytest.param("just a few lines\nof plain prose\n", "could not convert", id="prose"),
    pytest.param("", "no row of three or more", id="empty"),
    pytest.param("a\nb\nc\n", "no row of three or more", id="words only"),
    pytest.param("b 1 2 3\n".encode("utf-16"), "has 0 dimensions", id="UTF-16"),
    pytest.param(bytes(range(128, 256)) * 4, "no row of three or more", id="binary"),
])
def test_a_malformed_file_of_vectors_is_refused_and_not_kept(tmp_path, content, why):
    with pytest.raises(InputError, match=f"is not in word2vec or fastText format .*{why}.*; each line must ") as error:
        vectors(tmp_path, content, cache_dir=tmp_path / "place")
    assert "\n" not in str(error.value) and list((tmp_path / "place").iterdir()) == []


@pytest.mark.parametrize("content", ["4 3\n" + ROWS, "3 4\n" + ROWS, "3 3\n", "1000000000000 3\n" + ROWS])
def test_a_text_that_holds_less_than_its_header_says_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"the header says [\d,]+ words of \d numbers, but the file is incomplete"):
        vectors(tmp_path, content)


@pytest.mark.parametrize("number", ["nan", "-inf", "1e39"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, number):
    with pytest.raises(InputError, match="contains numbers that are not finite; fix"):
        vectors(tmp_path, ROWS.replace("7", number))


@pytest.mark.parametrize("content", [ROWS.encode(), gzip.compress(ROWS.encode() * 9)[:-12]], ids=["none", "cut short"])
def test_a_damaged_archive_of_vectors_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"`vectors` .*vectors.gz is not in word2vec or fastText format"):
        vectors(tmp_path, content, "vectors.gz")


@pytest.mark.parametrize("header", ["", "3 3\n"])
def test_reading_vectors_prints_nothing(tmp_path, capfd, header):
    vectors(tmp_path, header + ROWS)
    assert capfd.readouterr() == ("", "")


def test_reading_vectors_leaves_certificates_checked(tmp_path, monkeypatch):
    checked = ssl.create_default_context
    monkeypatch.setattr(ssl, "_create_default_https_context", checked)  # and put it back in any case
    for _ in range(2):  # parsed, and found again
        vectors(tmp_path, ROWS, cache_dir=tmp_path / "place")
        assert ssl._create_default_https_context is checked
