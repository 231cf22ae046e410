import json
import ssl

import pytest
import torch

from core.data import InputError
from core.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary

TEXTS = [["c", "b", "a", "b"], ["c", "d", "b"], ["a"]]  # b 3, a 2, c 2, d 1


def test_special_symbols_come_first():
    v = Vocabulary.learn(TEXTS)
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert v.tokens(range(4)) == ["<pad>", "<bos>", "<eos>", "<unk>"]


def test_tokens_come_by_falling_frequency_and_ties_by_spelling():
    assert Vocabulary.learn(TEXTS).words() == ["b", "a", "c", "d"]


def test_the_order_of_the_texts_changes_nothing():
    assert Vocabulary.learn(TEXTS[::-1]).words() == Vocabulary.learn(TEXTS).words()


def test_ids_and_tokens_undo_each_other():
    v = Vocabulary.learn(TEXTS)
    assert v.ids(["b", "a", "c", "d"]) == [4, 5, 6, 7]
    assert v.tokens([7, 6, 5, 4]) == ["d", "c", "a", "b"]
    assert len(v) == 8


@pytest.mark.parametrize("min_count, words", [(1, ["b", "a", "c", "d"]), (2, ["b", "a", "c"]), (3, ["b"]), (4, [])])
def test_rare_tokens_are_left_out(min_count, words):
    assert Vocabulary.learn(TEXTS, min_count=min_count).words() == words


@pytest.mark.parametrize("max_size, words", [(0, ["b", "a", "c", "d"]), (1, ["b"]), (3, ["b", "a", "c"]),
                                             (9, ["b", "a", "c", "d"])])
def test_only_the_most_frequent_are_kept(max_size, words):
    assert Vocabulary.learn(TEXTS, max_size=max_size).words() == words


def test_unknown_tokens_share_unk():
    v = Vocabulary.learn(TEXTS, min_count=2)
    assert v.ids(["d", "never seen", "b"]) == [UNK, UNK, 4]
    assert len(v) == 7  # asking adds nothing


def test_contains_means_has_an_id_of_its_own():
    v = Vocabulary.learn(TEXTS, min_count=2)
    assert "b" in v
    assert "d" not in v
    assert all(special not in v for special in SPECIALS)


def test_text_that_spells_a_special_symbol_is_not_one():
    v = Vocabulary.learn([["a", "<pad>", "<eos>", "<pad>"]])
    assert v.words() == ["a"]
    assert v.ids(["<pad>", "a", "<eos>", "<bos>", "<unk>"]) == [UNK, 4, UNK, UNK, UNK]


@pytest.mark.parametrize("tokens", [["a", "b", "a"], ["a", "<eos>"]])
def test_tokens_that_cannot_have_one_id_are_refused(tokens):
    with pytest.raises(InputError, match="stands twice, or is a special symbol"):
        Vocabulary(tokens)


def test_ids_are_the_same_after_saving_and_loading():
    v = Vocabulary.learn([["光", "月", "a", "é", "😀", " ", "z", "z"], ["\u2423", "月"]])
    again = Vocabulary(json.loads(json.dumps(v.words())))
    tokens = [*v.tokens(range(len(v))), "unseen"]
    assert again.words() == v.words()
    assert again.ids(tokens) == v.ids(tokens)
    assert again.tokens(range(len(again))) == v.tokens(range(len(v)))


# pre-trained vectors

ROWS = "b 1 2 3\nx 7 8 9\nd -1 0.5 4e-1\n"
WANTED = {"b": [1.0, 2.0, 3.0], "d": [-1.0, 0.5, 0.4]}


def vectors(tmp_path, text, name="vectors.txt"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Vocabulary.learn(TEXTS).vectors(str(path))


@pytest.mark.parametrize("header", ["", "3 3\n", "3 3 \n"], ids=["no header", "header", "header and a space"])
def test_vectors_go_to_their_tokens(tmp_path, header):
    table, found = vectors(tmp_path, header + ROWS)
    v = Vocabulary.learn(TEXTS)
    assert found == 2
    assert table.shape == (len(v), 3)
    for i, token in enumerate(v.tokens(range(len(v)))):
        assert table[i].tolist() == pytest.approx(WANTED.get(token, [0, 0, 0]))


def test_vectors_of_chinese_words(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("月光 1 2 3\n月 4 5 6\n", encoding="utf-8")
    table, found = Vocabulary(["月", "山"]).vectors(str(path))
    assert found == 1
    assert table[4:].tolist() == [[4, 5, 6], [0, 0, 0]]


def test_vectors_read_twice_are_the_same(tmp_path):
    first, second = vectors(tmp_path, ROWS), vectors(tmp_path, ROWS)
    assert torch.equal(first[0], second[0])
    assert first[1] == second[1] == 2


def test_a_changed_file_is_read_anew(tmp_path):
    vectors(tmp_path, ROWS)
    table, _ = vectors(tmp_path, ROWS.replace("b 1 2 3", "b 4 5 6"))
    assert table[4].tolist() == [4, 5, 6]


def test_files_of_one_name_in_two_folders_are_two(tmp_path):
    v = Vocabulary.learn(TEXTS)
    for folder, row in (("one", "b 1 2 3\n"), ("two", "b 4 5 6\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "vectors.txt").write_text(row)
    v.vectors(str(tmp_path / "one" / "vectors.txt"))
    table, _ = v.vectors(str(tmp_path / "two" / "vectors.txt"))
    assert table[4].tolist() == [4, 5, 6]


def test_a_missing_file_of_vectors_is_named(tmp_path):
    with pytest.raises(InputError, match=r"--vectors .*nowhere.txt: no such file; give a file in the word2vec text"):
        Vocabulary.learn(TEXTS).vectors(str(tmp_path / "nowhere.txt"))


@pytest.mark.parametrize("content", [
    pytest.param("b 1 2 3\na 4 5\n", id="rows of two lengths"),
    pytest.param("b 1 2 3\na 4 5 six\n", id="no number"),
    pytest.param("just a few lines\nof plain prose\n", id="prose"),
    pytest.param("", id="empty"),
    pytest.param("3 3\n", id="header only"),
    pytest.param("a\nb\nc\n", id="words only"),
    pytest.param(bytes(range(128, 256)) * 4, id="binary"),
])
def test_a_malformed_file_of_vectors_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"--vectors .*vectors.txt: not in the word2vec text format"):
        vectors(tmp_path, content)


def test_a_damaged_archive_of_vectors_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"--vectors .*vectors.gz: not in the word2vec text format"):
        vectors(tmp_path, ROWS, "vectors.gz")


def test_reading_vectors_prints_nothing(tmp_path, capfd):
    vectors(tmp_path, ROWS)
    assert capfd.readouterr() == ("", "")


def test_reading_vectors_leaves_certificates_checked(tmp_path, monkeypatch):
    checked = ssl.create_default_context
    monkeypatch.setattr(ssl, "_create_default_https_context", checked)  # and put it back in any case
    vectors(tmp_path, ROWS)
    assert ssl._create_default_https_context is checked
