import json

import pytest

from core.data import InputError
from core.registry import TOKENIZERS
from core.text import Codec, Labels
from core.vocabulary import BOS, EOS, PAD, UNK

TEXTS = ["The cat sat.", "The dog  sat!", "月光 and 月亮", "the cat"]
KINDS = ["characters", "words", "subwords", "word and characters"]


def test_a_text_becomes_ids_and_comes_back():
    codec = Codec.from_texts("words", TEXTS)
    assert codec.tokens("The  cat sat.") == ["The", "cat", "sat", "."]
    ids = codec.ids("The  cat sat.")
    assert codec.vocabulary.tokens(ids) == ["The", "cat", "sat", "."]
    assert codec.text(ids) == "The cat sat."


@pytest.mark.parametrize("kind", KINDS)
def test_texts_it_learned_from_come_back(kind):
    codec = Codec.from_texts(kind, TEXTS)
    for text in TEXTS:
        assert codec.text(codec.ids(text)) == " ".join(text.split())


def test_lowercase_holds_in_learning_and_in_use():
    codec = Codec.from_texts("words", TEXTS, lowercase=True)
    assert "The" not in codec.vocabulary
    assert codec.ids("THE cat") == codec.ids("the CAT")
    assert UNK not in codec.ids("THE CAT")


def test_min_count_and_max_size_reach_the_vocabulary():
    assert Codec.from_texts("words", ["a b c", "a b", "c a d"], min_count=2).vocabulary.words() == ["a", "b", "c"]
    assert len(Codec.from_texts("words", TEXTS, max_size=2)) == 4 + 2
    assert len(Codec.from_texts("subwords", TEXTS, max_size=30)) <= 4 + 30


def test_special_symbols_are_not_written_but_unknown_is_shown():
    codec = Codec.from_texts("characters", ["ab"])
    a, b = codec.ids("ab")
    assert codec.text([BOS, a, UNK, b, EOS, PAD, PAD]) == "a<unk>b"
    assert codec.text([]) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_becomes_a_special_symbol(kind):
    codec = Codec.from_texts(kind, [*TEXTS, "<pad>", "<eos> <pad>"])
    for text in ("<pad>", "<bos>", "<eos>", "a <pad> b"):
        assert not {PAD, BOS, EOS} & set(codec.ids(text))


def test_the_unknown_fraction_counts_tokens():
    codec = Codec.from_texts("characters", ["abc"])
    assert codec.unknown_fraction(["abx", "xxxxx"]) == 6 / 8
    assert codec.unknown_fraction(["abc"]) == 0
    assert codec.unknown_fraction([]) == 0


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_codec_comes_back_from_json(kind, lowercase):
    codec = Codec.from_texts(kind, TEXTS, lowercase=lowercase)
    again = Codec.from_json(json.loads(json.dumps(codec.to_json())))
    assert (len(again), again.lowercase, again.tokenizer.kind) == (len(codec), lowercase, kind)
    for text in (*TEXTS, "Unseen Zebra 🦓 之 cat"):
        assert again.tokens(text) == codec.tokens(text)
        assert again.ids(text) == codec.ids(text)
        assert again.text(again.ids(text)) == codec.text(codec.ids(text))


def test_labels_are_numbered_from_one():
    labels = Labels(["bad", "good", "neither"])
    assert len(labels) == 3
    assert [labels.ids(name) for name in ("bad", "good", "neither")] == [[1], [2], [3]]
    assert labels.text([3]) == "neither"
    assert labels.text([2, 1]) == "good, bad"


def test_labels_come_back_from_json():
    labels = Labels(["坏", "好", "a, b"])
    again = Labels.from_json(json.loads(json.dumps(labels.to_json())))
    assert again.names == labels.names
    assert [again.ids(name) for name in again.names] == [[1], [2], [3]]


def test_a_label_that_training_has_not_seen_is_refused():
    with pytest.raises(InputError, match=r"^label 'bad' is not in the training split; known: good$"):
        Labels(["good"]).ids("bad")


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_an_empty_vocabulary_is_refused(kind):
    with pytest.raises(InputError, match=r"^the vocabulary is empty: no token occurs `min_count` 1000 times; lower"):
        Codec.from_texts(kind, TEXTS, min_count=1000)
    with pytest.raises(InputError, match=r"^the vocabulary is empty: the training split contains no text; use another"):
        Codec.from_texts("characters", [""])
