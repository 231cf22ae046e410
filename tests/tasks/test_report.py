from tasks.shared.report import Report, number, table


def report(own, other, higher=True):
    return Report("score", higher, {"this model": {"score": own}, "baseline": {"score": other},
                                    "(reference)": {"score": 99}, "elsewhere": {"more": 1}})


def test_a_model_that_beats_every_baseline_is_said_to():
    assert report(2, 1).verdict() == "The model beats every baseline on score."
    assert report(1, 2, higher=False).beaten() == {"baseline": True}


def test_a_model_that_does_not_is_said_plainly_and_a_tie_is_not_a_win():
    assert report(1, 2).verdict() == "The model does NOT beat the baseline on score: baseline."
    assert report(2, 2).beaten() == {"baseline": False}


def test_chinese_takes_two_columns():
    lines = table([["", "分"], ["唐诗", "1"], ["ab", "22"]])
    assert lines == ["      分", "────  ──", "唐诗   1", "ab    22"]


def test_numbers_are_short():
    assert [number(v) for v in (0.1234, 12.345, 1234.5, None)] == ["0.123", "12.35", "1,234.5", "–"]


def test_what_is_saved_leaves_out_all_the_answers():
    found = report(2, 1)
    found.answered = [("in", "out", "reference")]
    saved = found.to_json()
    assert "answered" not in saved and saved["beaten"] == {"baseline": True} and found.answered
