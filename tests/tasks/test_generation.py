"""Generation: every search keeps the form, varied search follows from the seed, and no batch changes an answer."""

import pytest

from core.data import Example
from tasks.shared import generation, verse
from tasks.shared.verse_rules import Pattern
from tasks.translate import Translate
from tests.tasks.test_training import make
from tests.tasks.verses import LINES, POEM, notes_of, poems

MODEL = poems()
VARIED = POEM.search_settings({"samples": 6}, MODEL.settings)
SEARCHES = {"greedy": {"beam": 1}, "beam": {"beam": 4}, "sampling": {"temperature": 1.5}, "hot": {"temperature": 9.0},
            "varied": {"search": "varied", "samples": 8}}
INPUTS = [Example(line, "") for line in [*LINES, "山月", "床前明月光"]] + [Example("黄河入海流", "", ("白日依山尽",))]


def texts(found):
    return [[a.text for a in best] for best in found]


def answers(examples, search=VARIED, seed=1, model=MODEL, **others):
    return texts(POEM.answer(model, examples, search, seeds=[(seed, i) for i in range(len(examples))], **others))


def test_samples_come_best_first():
    model = make()
    [found] = Translate().answer(model, [Example("你好", "")],
                                 Translate().search_settings({"temperature": 2.0, "n_best": 5, "max_output": 6}))
    assert [a.score for a in found] == sorted((a.score for a in found), reverse=True)


def test_a_model_that_knows_p_of_the_output_is_searched_by_samples_unless_asked_otherwise():
    asked = [POEM.search_settings(chosen, MODEL.settings).search
             for chosen in ({}, {"beam": 5}, {"temperature": 1.0}, {"temperature": 0.0}, {"search": "likeliest"})]
    assert asked == ["varied", "likeliest", "likeliest", "likeliest", "likeliest"]
    assert POEM.search_settings({}, make().settings).search == POEM.search_settings({}).search == "likeliest"


# keeping the form


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_every_search_keeps_tones_rhyme_and_no_repeats(search):
    examples = [e for e in INPUTS if len(e.source) in (5, 7)]
    settings = POEM.search_settings({**search, "n_best": min(3, search.get("beam", 3))})
    found, notes = notes_of(lambda: POEM.answer(MODEL, examples, settings))
    assert notes == []
    for e, best in zip(examples, found):
        before = [*e.context, e.source]
        form = verse.next_line(before, len(e.source))
        assert (best and len({a.text for a in best}) == len(best)) or search.get("temperature")
        for a in best:
            assert verse.faults(a.text, form, repeats=True, used="".join(before)) == []


@pytest.mark.parametrize("line", LINES)
def test_the_stream_and_the_walk_keep_it_too(line):
    example, greedy = Example(line, ""), POEM.search_settings({"beam": 1})
    [[text]] = answers([example], greedy)
    assert "".join(POEM.stream(MODEL, example, greedy, (1,))) == text
    walk = POEM.walk(MODEL, example, greedy)
    assert walk.answer == text and verse.faults(text, verse.next_line([line], len(line)), True, used=line) == []
    sampled = "".join(POEM.stream(MODEL, example, POEM.search_settings({"temperature": 2.0}), (1,)))
    assert verse.faults(sampled, verse.next_line([line], len(line)), True, used=line) == []


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_what_the_vocabulary_cannot_keep_is_told(search):
    poor = poems(max_vocabulary=9)
    settings = POEM.search_settings(search)
    found, [note] = notes_of(lambda: POEM.answer(poor, INPUTS[:2] * 2, settings))
    faulty = [(best[0].text, faults) for e, best in zip(INPUTS[:2] * 2, found)
              for faults in [verse.faults(best[0].text, verse.next_line([e.source], 5), True, used=e.source)] if faults]
    text, [first, *_] = faulty[0]
    assert note == f"{text} does not keep the form: {first}; {len(faulty) - 1} more of 4"


def test_free_lines_keep_their_length_only():
    free = POEM.search_settings({"form": "free", "beam": 1})
    found, notes = notes_of(lambda: answers(INPUTS[:4], free))
    assert notes == [] and [len(text) for [text] in found] == [5] * 4
    assert any(verse.faults(text, verse.next_line([e.source], 5), True) for [text], e in zip(found, INPUTS))


def test_lines_without_a_form_in_the_batch_of_others_stay_free():
    """A line of six characters may repeat some; it may also beside a line of regulated verse."""
    example, search = Example("山山山山山山", ""), POEM.search_settings({"beam": 1})
    model = poems(max_vocabulary=8)
    [alone] = answers([example], search, model=model)
    assert len(set(alone[0])) < 6 and answers([INPUTS[0], example, INPUTS[5]], search, model=model)[1] == alone


# varied


def test_the_same_seed_gives_the_same_answers_and_another_one_others():
    assert answers(INPUTS) == answers(INPUTS)
    assert answers(INPUTS)[0] != answers(INPUTS, seed=2)[0]
    assert answers(INPUTS[:1] * 2)[0] != answers(INPUTS[:1] * 2)[1]  # the seed has the number of the input


@pytest.mark.parametrize("search", ["varied", "sampling", "beam"])
@pytest.mark.parametrize("size", [1, 7])
def test_the_batch_changes_no_answer(monkeypatch, search, size):
    examples = [INPUTS[i % len(INPUTS)] for i in range(13)]
    settings = POEM.search_settings({"n_best": 2, **SEARCHES[search]})
    seeds = [(5, i) for i in range(13)]
    whole = POEM.answer(MODEL, examples, settings, seeds=seeds)
    monkeypatch.setattr(generation, "INPUTS", size)
    found = POEM.answer(MODEL, examples, settings, seeds=seeds)
    assert texts(found) == texts(whole)
    assert texts(POEM.answer(MODEL, examples[3:4], settings, seeds=seeds[3:4])) == texts(whole[3:4])


def test_the_best_are_different_and_best_first():
    search = POEM.search_settings({"samples": 40, "n_best": 5, "search": "varied"})
    for best in POEM.answer(MODEL, INPUTS, search):
        assert len(best) == len({a.text for a in best}) == 5
        assert [a.score for a in best] == sorted((a.score for a in best), reverse=True)
    [best] = POEM.answer(MODEL, INPUTS[:1], search, weights=True)
    assert all(a.weights.shape == (5, 6) for a in best)


def test_the_weight_of_p_of_the_output_ranks_the_same_samples_anew():
    def found(weight):
        return POEM.answer(MODEL, INPUTS[:1], POEM.search_settings({
            "search": "varied", "samples": 20, "n_best": 20, "mmi_weight": weight}))[0]

    plain, half = found(0.0), found(0.5)
    assert {a.text for a in plain} == {a.text for a in half}
    assert [a.text for a in plain] != [a.text for a in half] or [a.score for a in plain] != [a.score for a in half]


def test_samples_take_turns_among_the_forms_of_an_input():
    """Each template of regulated verse is tried; a single answer has the first."""
    patterns = [Pattern(verse.quatrain(5, *t[::-1], rhyme="阳")) for t in verse.templates(5)]
    search = POEM.search_settings({"search": "varied", "samples": 8, "n_best": 8, "temperature": 0.9})
    found = generation.generate(MODEL, INPUTS[:3], search, patterns=[patterns, patterns[1:2], patterns[:3]])
    for best, turns in zip(found, ([0, 1, 2, 3], [1], [0, 1, 2])):
        kept = [{i for i in turns if patterns[i].faults(a.text) == []} for a in best]
        assert all(kept) and all(sum(i in fits for fits in kept) >= 8 // len(turns) for i in turns)
    one = generation.generate(MODEL, INPUTS[:1], POEM.search_settings({"beam": 1}), patterns=[patterns])
    assert patterns[0].faults(one[0][0].text) == []


def test_varied_samples_have_the_temperature_of_their_task(monkeypatch):
    seen = []
    monkeypatch.setattr(generation, "generate", lambda model, examples, search, **more: seen.append(search) or [[]])
    for chosen in ({"search": "varied"}, {"search": "varied", "temperature": 0.7}, {"beam": 2}):
        POEM.answer(MODEL, INPUTS[:1], POEM.search_settings(chosen))
    assert [search.temperature for search in seen] == [0.9, 0.7, 0.0]
