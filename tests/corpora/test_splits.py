"""corpora/prepare/splits.py: train, dev and test, with no text of a held-out example in training."""

import dataclasses
import random
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import prepare

from core.data import Example
from corpora.prepare.hashes import DEV, TEST, split_hash
from corpora.prepare.splits import FEWEST, Dataset
from corpora.shared.corpus import Corpus

PARTS = ("train", "dev", "test")
EVERYTHING = ("source", "target", "context")
EMPTY, DUPLICATE = "empty source or target", "duplicate"
TWO_LABELS = "same text under two labels"
SHARED = "shares a text with a held-out example"
NEW_LABEL = "held out, with a label that training does not have"


def corpus(examples: Iterable[Example], disjoint_fields: tuple[str, ...] = ("source",),
           task: str = "translate") -> Corpus:
    return Corpus(name="mine", task=task, title="title", size="size", licence="licence", origin="origin",
                  load=lambda script: examples, disjoint_fields=disjoint_fields)


def numbered(n: int, start: int = 0) -> list[Example]:
    """Examples that share nothing with each other."""
    return [Example(f"source {i}", f"target {i}") for i in range(start, start + n)]


def labelled(n: int) -> list[Example]:
    return [Example(f"text {i}", "yes" if i % 2 else "no") for i in range(n)]


def folded(text: str) -> str:
    return " ".join(text.lower().split())


def texts(example: Example, parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        value = getattr(example, part)
        yield from map(folded, value if isinstance(value, tuple) else [value])


def whereabouts(dataset: Dataset) -> dict[tuple, str]:
    """Which split every example is in."""
    return {(folded(e.source), e.target, e.context): part for part in PARTS for e in getattr(dataset, part)}


def count(dataset: Dataset) -> int:
    return sum(len(getattr(dataset, part)) for part in PARTS)


# Few different texts, in several spellings, so that random examples collide all the time. The fillers collide with
# nothing, so that no split is ever empty.
FILLERS = numbered(60)
spelling = st.sampled_from([v for w in ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr")
                            for v in (w, w.upper(), f" {w}", f"{w[0]} {w[1]}", f"{w[0]}  {w[1]}")])
pairs = st.builds(Example, spelling, spelling)
contexts = st.lists(spelling, max_size=2).map(tuple)
keyed = st.builds(Example, spelling, spelling, contexts, st.sampled_from(["", *(f"poem {i}" for i in range(12))]))
unkeyed = st.builds(Example, spelling, spelling, contexts)


def test_the_fillers_fill_every_split_by_their_hash_alone():
    shares = [split_hash(e) for e in FILLERS]
    assert all(sum(low <= s < high for s in shares) > 1 for low, high in ((0, TEST), (TEST, TEST + DEV), (.15, 1)))


# who goes where


def test_test_and_dev_get_about_their_shares_by_the_hash_alone():
    dataset = prepare(corpus(numbered(4000)))
    assert abs(len(dataset.test) / 4000 - TEST) < 0.015 and abs(len(dataset.dev) / 4000 - DEV) < 0.015
    assert count(dataset) == 4000
    assert all(split_hash(e) < TEST for e in dataset.test)
    assert all(TEST <= split_hash(e) < TEST + DEV for e in dataset.dev)
    assert all(TEST + DEV <= split_hash(e) < 1 for e in dataset.train)


def test_case_and_space_do_not_move_an_example():
    assert len({split_hash(Example(text, "t")) for text in ("Ab c", "ab c", " AB\u3000 C\n", "ab  c\t")}) == 1
    assert split_hash(Example("abc", "t")) != split_hash(Example("ab c", "t"))


def test_examples_assigned_to_training_stay_there_while_others_are_held_out():
    more = [dataclasses.replace(e, split="train") for e in numbered(300, start=5000)]
    alone, both = prepare(corpus(numbered(300))), prepare(corpus([*numbered(300), *more]))
    assert (both.test, both.dev) == (alone.test, alone.dev)
    assert len(both.train) == len(alone.train) + 300 and set(alone.train) < set(both.train)
    assert len(prepare(corpus(more)).test) > 10  # nothing else could be held out


def test_the_key_decides_where_there_is_one():
    poem = split_hash(Example("a", "b", (), "poem"))
    assert poem == split_hash(Example("c", "d", (), " Poem")) != split_hash(Example("a", "b"))
    dataset = prepare(corpus([Example(f"s {i}", f"t {i}", (), f"poem {i // 10}") for i in range(600)]))
    keys = [{e.key for e in getattr(dataset, part)} for part in PARTS]
    assert all(keys) and not keys[0] & keys[1] and not keys[0] & keys[2] and not keys[1] & keys[2]


def test_a_split_known_by_heart_has_not_moved():
    # The models people have trained depend on it: SHA-256 of the folded key, its first 8 bytes as a share of 2**64.
    assert split_hash(Example("明月", "t")) == pytest.approx(0.9032189605593609, abs=1e-12)


@given(st.lists(unkeyed, max_size=40), st.randoms(use_true_random=False), st.sampled_from([("source",), EVERYTHING]))
def test_the_same_examples_in_another_order_give_the_same_split(drawn, rng, disjoint_fields):
    examples = FILLERS + drawn
    shuffled = rng.sample(examples, len(examples))
    one, other = prepare(corpus(examples, disjoint_fields)), prepare(corpus(shuffled, disjoint_fields))
    assert whereabouts(one) == whereabouts(other)
    assert one.rejected == other.rejected


def test_the_same_pair_from_two_poems_is_in_the_same_split_whichever_poem_comes_first():
    twice = [Example("ab", "cd", (), key) for key in held_out_and_training_key()]
    one, other = prepare(corpus(FILLERS + twice)), prepare(corpus(FILLERS + twice[::-1]))
    assert whereabouts(one) == whereabouts(other)


def held_out_and_training_key() -> tuple[str, str]:
    keys = [f"poem {i}" for i in range(100)]
    return (next(k for k in keys if split_hash(Example("", "", (), k)) < TEST),
            next(k for k in keys if split_hash(Example("", "", (), k)) > TEST + DEV))


@given(st.lists(pairs, max_size=25), st.lists(pairs, max_size=25), st.booleans())
def test_a_corpus_that_grows_keeps_every_old_example_in_its_split(old, new, in_front):
    before = whereabouts(prepare(corpus(FILLERS + old)))
    after = whereabouts(prepare(corpus(new + FILLERS + old if in_front else FILLERS + old + new)))
    assert {example: after.get(example) for example in before} == before


@given(st.lists(keyed, max_size=25), st.lists(keyed, max_size=25))
def test_a_corpus_of_poems_that_grows_moves_no_old_example_to_another_split(old, new):
    # An old example may be rejected, for a text it shares with a new held-out one.
    before = whereabouts(prepare(corpus(FILLERS + old, EVERYTHING)))
    after = whereabouts(prepare(corpus(FILLERS + old + new, EVERYTHING)))
    assert {example: after.get(example, part) for example, part in before.items()} == before


def test_preparing_twice_gives_the_same_dataset():
    assert prepare(corpus(numbered(50))) == prepare(corpus(numbered(50)))


# nothing of a held-out example in training


@given(st.lists(keyed, max_size=40))
def test_no_held_out_source_is_in_training(drawn):
    dataset = prepare(corpus(FILLERS + drawn))
    held_out = {folded(e.source) for e in [*dataset.test, *dataset.dev]}
    assert held_out.isdisjoint(folded(e.source) for e in dataset.train)


@given(st.lists(keyed, max_size=40), st.sampled_from([("target",), ("source", "target"), EVERYTHING]))
def test_no_disjoint_text_of_a_held_out_example_is_in_training_nor_of_a_test_example_in_dev(drawn, disjoint_fields):
    dataset = prepare(corpus(FILLERS + drawn, disjoint_fields))
    train, dev, test = ({t for e in getattr(dataset, part) for t in texts(e, disjoint_fields)} for part in PARTS)
    assert not train & test and not train & dev and not dev & test


@given(st.lists(keyed, max_size=40), st.sampled_from([("source",), EVERYTHING]), st.booleans())
def test_every_example_is_in_one_split_or_counted_as_left_out(drawn, disjoint_fields, reverse):
    examples = [*FILLERS, *drawn, Example("", "x"), Example("x", " ")]
    dataset = prepare(corpus(examples, disjoint_fields), reverse=reverse)
    assert count(dataset) + dataset.rejected.total() == len(examples)
    assert dataset.rejected[EMPTY] == 2
    assert all(dataset.rejected.values())


def test_dev_is_never_filled_with_what_test_already_has(refused):
    # All of one source: test takes one, dev and train may then have none of it.
    same = [Example("one source", f"target {i}") for i in range(9)]
    examples = [*same, *training_examples(3)]
    assert split_hash(same[0]) < split_hash(examples[-1])
    try:
        dataset = prepare(corpus(examples))
    except ValueError:
        assert "split is empty" in refused(lambda: prepare(corpus(examples)))
    else:
        assert {e.source for e in dataset.test}.isdisjoint(e.source for e in dataset.dev)
        assert count(dataset) + dataset.rejected.total() == len(examples)


def training_examples(n: int) -> list[Example]:
    """Examples whose hash lies above that of any other in these tests."""
    return [e for e in numbered(1000, start=5000) if split_hash(e) > 0.9][:n]


# reverse


@given(st.lists(pairs, max_size=40))
def test_reverse_keeps_the_split(drawn):
    examples = corpus(FILLERS + drawn, ("source", "target"))
    forward, backward = prepare(examples), prepare(examples, reverse=True)
    for part in PARTS:
        there = {(e.source, e.target) for e in getattr(forward, part)}
        assert there == {(e.target, e.source) for e in getattr(backward, part)}


@given(st.lists(pairs, max_size=40))
def test_reverse_moves_no_example_to_another_split_where_only_the_source_is_exclusive(drawn):
    forward, backward = prepare(corpus(FILLERS + drawn)), prepare(corpus(FILLERS + drawn), reverse=True)
    there = {(folded(e.source), e.target): part for part in PARTS for e in getattr(forward, part)}
    for part in PARTS:
        for e in getattr(backward, part):
            assert there.get((folded(e.target), e.source), part) == part
    held_out = {folded(e.source) for e in [*backward.test, *backward.dev]}
    assert held_out.isdisjoint(folded(e.source) for e in backward.train)


def test_themes_with_many_texts_each_can_be_reversed():
    examples = [Example(theme, f"{theme} {i}", (), f"{theme} {i}") for theme in ("月", "山") for i in range(100)]
    dataset = prepare(corpus(examples, ("target",), task="word"), reverse=True)
    assert {e.target for e in dataset.train} == {"月", "山"} and count(dataset) == 200


def test_the_checksum_is_of_the_corpus_not_of_the_direction():
    assert prepare(corpus(numbered(50))).checksum == prepare(corpus(numbered(50)), reverse=True).checksum


# cleaning


def test_texts_are_cleaned_of_surplus_space_and_control_characters():
    dataset = prepare(corpus([*numbered(40), Example("  a\u3000\n b\u200b ", "\tc \x07d")]))
    assert ("a b", "c d") in {(e.source, e.target) for part in PARTS for e in getattr(dataset, part)}


@pytest.mark.parametrize("source,target", [("", "t"), ("s", ""), ("", ""), (" \n", "t"), ("s", "\u200b\x00")])
def test_examples_with_an_empty_text_are_left_out_and_counted(source, target):
    dataset = prepare(corpus([*numbered(40), Example(source, target), Example(source, target)]))
    assert count(dataset) == 40 and dataset.rejected == {EMPTY: 2}


def test_duplicates_are_left_out_and_counted_but_not_other_targets_or_contexts():
    twins = [Example("Same", "t"), Example(" same ", "t"), Example("Same", "t "),
             Example("Same", "other"), Example("Same", "t", ("before",))]
    dataset = prepare(corpus([*numbered(40), *twins]))
    assert count(dataset) == 43 and dataset.rejected == {DUPLICATE: 2}


def test_a_text_under_two_labels_is_left_out_with_all_its_labels_and_counted():
    both = [Example("Same", "yes"), Example("same ", "no"), Example("SAME", "yes")]
    dataset = prepare(corpus([*labelled(100), *both], task="classify"))
    assert count(dataset) == 100 and dataset.rejected == {DUPLICATE: 1, TWO_LABELS: 2}
    assert "same" not in {folded(e.source) for part in PARTS for e in getattr(dataset, part)}


def test_only_a_classifier_minds_two_answers_to_one_text():
    dataset = prepare(corpus([*numbered(40), Example("same", "yes"), Example("same", "no")]))
    assert count(dataset) == 42 and not dataset.labels


def test_held_out_examples_with_a_label_unknown_to_training_are_left_out_and_counted():
    held_out = [Example(f"rare {i}", "rare") for i in range(400) if split_hash(Example(f"rare {i}", "")) < TEST + DEV]
    in_dev = sum(split_hash(e) >= TEST for e in held_out)
    assert 0 < in_dev < len(held_out)
    dataset = prepare(corpus([*labelled(200), *held_out], task="classify"))
    assert dataset.labels and dataset.rejected == {NEW_LABEL: len(held_out)}
    assert {e.target for part in PARTS for e in getattr(dataset, part)} == {"yes", "no"}
    known = [Example(f"rare {i}", "rare") for i in range(400) if split_hash(Example(f"rare {i}", "")) > 0.9]
    assert not prepare(corpus([*labelled(200), *held_out, *known], task="classify")).rejected


# too little


@pytest.mark.parametrize("n", [0, 1, FEWEST - 1])
def test_too_few_examples_are_refused_with_both_numbers(n, refused):
    said = refused(lambda: prepare(corpus(numbered(n))))
    assert said == f"`corpus` mine: {n} usable examples; at least {FEWEST} required"


def test_too_few_examples_say_why_others_were_left_out(refused):
    examples = [*labelled(5), *labelled(3), Example("", "yes"), Example("text 0", "yes")]
    said = refused(lambda: prepare(corpus(examples, task="classify")))
    assert said.startswith("`corpus` mine: 4 usable examples; at least 10 required")
    assert f"3 rejected: {DUPLICATE}" in said and f"1 rejected: {EMPTY}" in said and f"2 rejected: {TWO_LABELS}" in said


@pytest.mark.parametrize("n", range(FEWEST, 60, 7))
def test_the_smallest_corpora_have_three_splits(n):
    for start in range(0, 2000, 100):
        dataset = prepare(corpus(numbered(n, start)))
        assert dataset.train and dataset.dev and dataset.test and count(dataset) == n and not dataset.rejected


def test_many_examples_of_one_source_are_refused_with_the_remedy(refused):
    said = refused(lambda: prepare(corpus([Example("the only source", f"target {i}") for i in range(50)])))
    assert said.startswith("`corpus` mine: the ") and "split is empty" in said and "more different sources" in said


def test_a_corpus_that_is_held_out_altogether_has_no_training_split(refused):
    places = {f"word {i}": split_hash(Example(f"word {i}", "")) for i in range(200)}
    for_test = next(word for word, p in places.items() if p < TEST)
    for_dev = next(word for word, p in places.items() if TEST <= p < TEST + DEV)
    examples = [Example(word, f"target {i}") for word in (for_test, for_dev) for i in range(10)]
    said = refused(lambda: prepare(corpus(examples)))
    assert said.startswith("`corpus` mine: the train split is empty; the corpus needs more examples")


def test_a_held_out_split_with_unknown_labels_alone_is_refused(refused):
    held_out = [e for e in labelled(400) if split_hash(e) < TEST]
    others = [dataclasses.replace(e, target="other") for e in labelled(400) if split_hash(e) >= TEST]
    said = refused(lambda: prepare(corpus(held_out + others, task="classify")))
    assert said.startswith("`corpus` mine: the test split is empty")


# limited


def test_limited_keeps_each_example_in_its_split():
    whole = prepare(corpus(numbered(1000)))
    part_of = whereabouts(whole)
    for limit in (1, 10, 100, 500):
        small = whole.limited(limit)
        assert len(small.train) == limit
        assert all(part_of[example] == part for example, part in whereabouts(small).items())


def test_limited_takes_dev_and_test_in_proportion_but_not_fewer_than_a_handful():
    whole = prepare(corpus(numbered(4000)))
    half, tiny = whole.limited(len(whole.train) // 2), whole.limited(5)
    assert len(half.test) == pytest.approx(len(whole.test) / 2, abs=1)
    assert len(half.dev) == pytest.approx(len(whole.dev) / 2, abs=1)
    assert len(tiny.test) == len(tiny.dev) == FEWEST


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_limited_by_nothing_or_by_enough_changes_nothing(more):
    whole = prepare(corpus(numbered(100)))
    assert whole.limited(len(whole.train) + more) == whole == whole.limited(0)


def test_limited_is_the_same_each_time_and_in_any_order_of_the_corpus():
    examples = numbered(300)
    shuffled = random.Random(1).sample(examples, len(examples))
    small, again, other = (prepare(corpus(e)).limited(50) for e in (examples, examples, shuffled))
    assert small == again
    assert (small.train, small.dev, small.test) == (other.train, other.dev, other.test)


def test_a_larger_limit_only_adds_examples():
    whole = prepare(corpus(numbered(500)))
    for smaller, larger in ((20, 21), (20, 300)):
        assert whereabouts(whole.limited(smaller)).items() <= whereabouts(whole.limited(larger)).items()


def test_limited_keeps_name_checksum_and_kind():
    whole = prepare(corpus(labelled(200), task="classify"))
    small = whole.limited(50)
    assert (small.name, small.checksum, small.labels) == (whole.name, whole.checksum, True)


def with_a_late_label() -> Dataset:
    """Its label "late" stands only in that part of training which a limit cuts off, and in dev and test."""
    examples = [dataclasses.replace(e, target="late") if split_hash(e) > 0.8 else e for e in labelled(400)]
    held_out = [e for e in (Example(f"more {i}", "late") for i in range(200)) if split_hash(e) < TEST + DEV]
    return prepare(corpus(examples + held_out, task="classify"))


def test_limited_leaves_out_labels_that_its_training_examples_do_not_have():
    small = with_a_late_label().limited(100)
    assert {e.target for part in PARTS for e in getattr(small, part)} == {"yes", "no"}
    assert small.rejected[NEW_LABEL] > 0


def test_limited_leaves_the_whole_as_it_was():
    whole = with_a_late_label()
    before = dict(whole.rejected), whereabouts(whole)
    whole.limited(100)
    assert (dict(whole.rejected), whereabouts(whole)) == before


# checksum


@pytest.mark.parametrize("change", [{"source": "another"}, {"target": "another"}, {"context": ("another",)},
                                    {"source": "source 7 target", "target": "7"}])
def test_the_checksum_changes_when_a_text_changes(change):
    examples = numbered(50)
    changed = [*examples[:7], dataclasses.replace(examples[7], **change), *examples[8:]]
    assert prepare(corpus(examples)).checksum != prepare(corpus(changed)).checksum


def test_the_checksum_changes_when_an_example_is_added_or_removed():
    sums = {prepare(corpus(numbered(n))).checksum for n in (49, 50, 51)}
    assert len(sums) == 3


def test_the_checksum_changes_when_the_split_does():
    poems = [[Example(f"s {i}", f"t {i}", (), f"{name} {i // 4}") for i in range(400)] for name in ("poem", "verse")]
    one, other = (prepare(corpus(examples)) for examples in poems)
    assert whereabouts(one) != whereabouts(other)
    assert one.checksum != other.checksum


def test_the_checksum_stays_when_nothing_that_is_learned_changes():
    spaced = [Example(f" {e.source}\n", e.target) for e in numbered(50)]
    assert prepare(corpus(numbered(50))).checksum == prepare(corpus(spaced)).checksum


def test_a_tiny_corpus_gives_whole_poems_to_dev_and_test():
    def load(script):
        for poem in range(4):
            for line in range(3):
                yield Example(f"poem {poem} line {line}", f"poem {poem} line {line + 1}", key=f"poem {poem} 1")

    corpus = Corpus(name="few", task="translate", title="", size="", licence="", origin="", load=load,
                    disjoint_fields=("source", "target"))
    assert all(split_hash(e) > TEST + DEV for e in load(""))
    dataset = prepare(corpus)
    assert [len(part) for part in (dataset.train, dataset.dev, dataset.test)] == [6, 3, 3] and not dataset.rejected
