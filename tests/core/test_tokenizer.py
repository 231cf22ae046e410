import itertools
import unicodedata

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data import InputError
from core.registry import TASK_TOKENIZERS, TOKENIZERS
from core.subwords import Subwords
from core.tokenizer import (
    GAP,
    GLUE,
    MARK,
    Characters,
    Spaces,
    Units,
    WordAndCharacters,
    Words,
    make_tokenizer,
    normalize,
)

# Everything that has broken a tokenizer before: alphabets side by side, marks that combine, wide and narrow
# punctuation, emoji with their joiners and tones, odd spaces, invisible characters, and what looks like a symbol.
PIECES = [
    *"abezAZéñßİſǅΣσςяЖ0159", *"中文月光龍〇々한글かナーａＢ１", *" \t\n\u00a0\u3000\u2009",
    *",.!?;:'’\"-_()[]{}“”‘…%¿¡/\\&@#", *"，。！？、；：「」《》（）—～", *"😀👍🇨\U0001f3fd❤",
    "\ufe0f", "\u200d", "\u0301", "\u0302", "\u0307", "\u0327", "\u093f",
    "\x00", "\x1f", "\u200b", "\u202e", "\ufeff", "\u3400", "\U00020000", "\ufa0e",
    "don't", "well-known", "人工智能", "<unk>", "<pad>", GLUE, GAP]
mixed = st.lists(st.sampled_from(PIECES), max_size=15).map("".join)
anything = st.text(st.characters(exclude_characters="▁"), max_size=15)
texts = mixed | anything
many = settings(deadline=None, database=None, max_examples=300)

TRAINED_ON = ["the cat sat on the mat", "the dog sat on the log", "la tête, c'est là", "猫坐在垫子上", "狗坐在木头上"]


def learned():
    return Subwords.from_texts(TRAINED_ON * 3, size=80)


SUBWORDS = learned()


def round_trip(tokenizer, text):
    return tokenizer.join(tokenizer.split(text))


# round trips


@many
@given(texts, st.booleans())
def test_characters_come_back(text, lowercase):
    clean = normalize(text, lowercase)
    assert round_trip(Characters(), clean) == clean
    assert len(Characters().split(clean)) == len(clean)


@many
@given(texts, st.booleans())
def test_words_come_back(text, lowercase):
    clean = normalize(text, lowercase)
    assert round_trip(Words(), clean) == round_trip(Units(), clean) == clean


@many
@given(texts, st.booleans())
def test_pieces_between_spaces_come_back(text, lowercase):
    clean = normalize(text, lowercase)
    assert round_trip(Spaces(), clean) == clean
    assert Spaces().split(clean) == (clean.split(" ") if clean else [])


@many
@given(texts, st.booleans())
def test_subwords_come_back(text, lowercase):
    clean = normalize(text, lowercase)
    assert round_trip(SUBWORDS, clean) == clean


@many
@given(texts)
@example("中:a")
@example("宋： 月光")
def test_a_word_with_its_characters_and_its_mark_comes_back(text):
    clean = normalize(text)
    mark = MARK.match(clean)
    if mark and clean[mark.end():]:
        assert round_trip(WordAndCharacters(), clean) == f"{mark[1]}：{clean[mark.end():]}"
    elif clean:
        assert round_trip(WordAndCharacters(), clean) == clean


@many
@given(texts)
def test_no_token_is_empty(text):
    for tokenizer in (Characters(), Words(), Units(), Spaces(), SUBWORDS):
        assert all(tokenizer.split(normalize(text)))


@pytest.mark.parametrize("tokenizer", [Characters(), Words(), Units(), Spaces(), SUBWORDS], ids=lambda t: t.kind)
@pytest.mark.parametrize("text", ["", "a▁b", "▁", "▁▁ a", "_", "a _ b", "__init__", "the unseen zebra", "中 文",
                                  "x ，y", "a<unk>b", "the <unk> cat", "ɐ 𝄞 🦓", "e\u0302\u0323x"])
def test_awkward_texts_come_back(tokenizer, text):
    clean = normalize(text)
    assert round_trip(tokenizer, clean) == clean


# normalize


@many
@given(texts, st.booleans())
@example("e\u200d\u0301", False)  # what stood between a letter and its accent is taken out: now they compose
@example(f"e{GLUE}\u0301", False)
@example("İ", True)
@example("ΑΣ", True)
def test_normalize_is_idempotent(text, lowercase):
    once = normalize(text, lowercase)
    assert normalize(once, lowercase) == once


@many
@given(texts, st.booleans())
def test_normalized_text_is_canonical_with_single_spaces(text, lowercase):
    clean = normalize(text, lowercase)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())
    assert not any(unicodedata.category(c)[0] == "C" for c in clean)
    assert GLUE not in clean
    assert GAP not in clean


@pytest.mark.parametrize("raw, clean", [
    ("  two   spaces\u3000and\u00a0more \n", "two spaces and more"),
    ("e\u0301", "é"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("a\x00b\x1fc", "ab c"),  # \x1f separates, as white space does
    (f"a{GLUE}b{GAP}c", "abc"),
    ("ÀB", "ÀB"),
    ("", ""),
])
def test_normalize_examples(raw, clean):
    assert normalize(raw) == clean


def test_lowercase_only_where_asked():
    assert normalize("ÀB") == "ÀB"
    assert normalize("ÀB", lowercase=True) == "àb"


# words


@pytest.mark.parametrize("text, tokens", [
    ("I don't know.", ["I", "don't", "know", "."]),
    ("It’s the dogs’ well-known bone", ["It’s", "the", "dogs", "’", "well-known", "bone"]),
    ("Hello, world!", ["Hello", ",", "world", "!"]),
    ("(yes)", ["(", "yes", ")"]),
    ("a - b", ["a", "-", "b"]),
    ("3.14", ["3", ".", GLUE, "14"]),
    ("a , b", ["a", GAP, ",", "b"]),
    ("", []),
])
def test_words_of_alphabetic_text(text, tokens):
    assert Words().split(text) == tokens


@pytest.mark.parametrize("text, tokens", [
    ("我来到北京清华大学", ["我", "来到", "北京", "清华大学"]),  # jieba's own example
    ("今天天气很好。", ["今天天气", "很", "好", "。"]),
    ("你好，世界！", ["你好", "，", "世界", "！"]),
    ("你好 世界", ["你好", GAP, "世界"]),
])
def test_words_of_chinese_text(text, tokens):
    assert Words().split(text) == tokens


@pytest.mark.parametrize("text, tokens", [
    ("我用Python写程序", ["我用", "Python", "写", "程序"]),
    ("我用 Python 写程序", ["我用", GAP, "Python", GAP, "写", "程序"]),
    ("我爱你 I love you", ["我爱你", GAP, "I", "love", "you"]),
    ("2024年", ["2024", "年"]),
    ("OK，go！", ["OK", "，", "go", "！"]),
])
def test_words_of_mixed_text(text, tokens):
    assert Words().split(text) == tokens


# One script after another, with the marks that its words are written with.
SCRIPTS = ["हिन्दी में लिखना", "বাংলা ভাষা", "தமிழ் மொழி", "తెలుగు", "ਪੰਜਾਬੀ", "ગુજરાતી", "മലയാളം", "සිංහල", "မြန်မာ", "ខ្មែរ",
           "ไทยนี้", "ລາວ", "བོད་ཡིག", "العَرَبِيَّة", "עִבְרִית", "e\u0301te\u0301 q\u0303", "明\u0301月", "한국어",
           "Ελληνικά", "ё\u0301"]
letters = st.sampled_from(sorted({c for text in SCRIPTS for c in text} | set("a1,.-'’明")))


@pytest.mark.parametrize("word", ["हिन्दी", "বাংলা", "தமிழ்", "తెలుగు", "العَرَبِيَّة", "עִבְרִית", "Ελληνικά", "ё\u0301"])
def test_a_word_of_any_script_is_one_token(word):
    assert Words().split(word) == [word]
    assert Words().split(f"{word}, a") == [word, ",", "a"]


@many
@given(st.lists(letters, max_size=12).map("".join) | texts)
def test_no_token_separates_a_mark_from_its_character(text):
    clean = normalize(text)
    tokens = [t for t in Words().split(clean) if t not in (GLUE, GAP)]
    assert "".join(tokens) == clean.replace(" ", "")
    starts = set(itertools.accumulate(map(len, tokens), initial=0))
    joined, spaces = clean.replace(" ", ""), {0}
    for piece in clean.split(" "):
        spaces.add(max(spaces) + len(piece))
    for i in starts - spaces:
        assert unicodedata.category(joined[i])[0] != "M"


@many
@given(st.lists(st.sampled_from(SCRIPTS), max_size=4).map(" ".join))
def test_a_word_is_cut_only_where_unicode_sees_a_word_end(text):
    clean = normalize(text)
    cuts = {m.start() for m in regex.finditer(r"(?wV1)\b", clean)}
    at = 0
    for token in Words().split(clean):
        if token not in (GLUE, GAP):
            at = clean.index(token, at)
            assert at in cuts and at + len(token) in cuts
            at += len(token)


def test_words_without_markers_are_joined_by_the_rule():
    assert Words().join(["Hello", ",", "world", "!"]) == "Hello, world!"
    assert Words().join(["我", "用", "Python", "。"]) == "我用Python。"
    assert Words().join([GLUE, "a", GLUE, GAP, "b", GAP]) == "a b"  # as a model may write them
    assert Words().join([]) == ""


# subwords


def test_a_subword_that_opens_a_word_is_marked():
    tokens = SUBWORDS.split("the cat")
    assert tokens[0].startswith("▁")
    assert "".join(tokens) == "▁the▁cat"
    assert "▁the" in tokens  # seen often enough to be one piece


def test_frequent_words_are_one_piece_and_rare_ones_several():
    assert len(SUBWORDS.split("the")) == 1
    assert len(SUBWORDS.split("zebra")) > 1


def test_characters_never_seen_stay_themselves():
    assert "🦓" in SUBWORDS.split("the 🦓")


def test_subwords_come_back_from_their_saved_state():
    again = make_tokenizer("subwords", SUBWORDS.state())
    for text in (*TRAINED_ON, "an unseen zebra 🦓"):
        assert again.split(text) == SUBWORDS.split(text)


def test_the_same_text_teaches_the_same_subwords():
    assert learned().state() == SUBWORDS.state()


# word and characters, and the list of kinds


def test_a_word_stands_before_its_characters():
    assert WordAndCharacters().split("月光") == ["月光", "月", "光"]
    assert WordAndCharacters().split("月") == ["月"]


@pytest.mark.parametrize(("text", "tokens"), [
    ("宋：月光", ["月光", "月", "光", "宋："]), (" 宋: 月", ["月", "宋："]), ("宋：", ["宋：", "宋", "："]),
    ("a：b", ["a：b", "a", "：", "b"])])
def test_a_mark_is_a_token_of_its_own_if_a_word_follows(text, tokens):
    assert WordAndCharacters().split(text) == tokens


@pytest.mark.parametrize("kind", [*TOKENIZERS, *TASK_TOKENIZERS])
def test_every_kind_is_made_by_its_name(kind):
    tokenizer = make_tokenizer(kind, texts=TRAINED_ON)
    assert tokenizer.kind == kind
    assert make_tokenizer(kind, tokenizer.state()).split("月光") == tokenizer.split("月光")


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"^`tokenizer` letters is unknown; known: characters, words, .*subwords"):
        make_tokenizer("letters")
