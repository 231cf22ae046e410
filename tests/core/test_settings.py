import dataclasses
import json
import math
import re

import pytest

from core import registry
from core.data import InputError
from core.options import Checked, option, suggest
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings

ALL = [(kind, f) for kind in (Settings, SearchSettings) for f in dataclasses.fields(kind)]
WITH = {kind: [pytest.param(k, f, id=f.name) for k, f in ALL if f.metadata[kind] not in (None, ())]
        for kind in ("choices", "at_least", "at_most")}
TOGETHER = {"top_p": {"temperature": 1.0}, "top_k": {"temperature": 1.0}, "n_best": {"beam": 1000}}  # need the other


def named(f):
    return f"`{f.name}`"


def make(kind, f, value):
    return kind(**{**TOGETHER.get(f.name, {}), f.name: value})


def below(f, limit):
    return limit - 1 if isinstance(f.default, int) else limit - 1e-3


def above(f, limit):
    return limit + 1 if isinstance(f.default, int) else limit + 1e-3


@pytest.mark.parametrize("kind, f", WITH["at_least"])
def test_a_value_below_its_limit_is_refused_with_name_value_and_limit(kind, f):
    limit = f.metadata["at_least"]
    assert getattr(make(kind, f, type(f.default)(limit)), f.name) == limit
    value = below(f, limit)
    with pytest.raises(InputError, match=re.escape(f"{named(f)} {value} must be at least {limit}")):
        make(kind, f, value)


@pytest.mark.parametrize("kind, f", WITH["at_most"])
def test_a_value_above_its_limit_is_refused_with_name_value_and_limit(kind, f):
    limit = f.metadata["at_most"]
    assert getattr(make(kind, f, type(f.default)(limit)), f.name) == limit
    value = above(f, limit)
    with pytest.raises(InputError, match=re.escape(f"{named(f)} {value} must be at most {limit}")):
        make(kind, f, value)


@pytest.mark.parametrize("kind, f", WITH["choices"])
def test_an_unknown_choice_is_refused_with_name_value_and_the_known_ones(kind, f):
    for value in f.metadata["choices"]:
        assert getattr(make(kind, f, value), f.name) == value
    with pytest.raises(InputError) as error:
        make(kind, f, "nonsense")
    assert str(error.value).startswith(f"{named(f)} nonsense is unknown; ")
    assert all(choice in str(error.value) for choice in f.metadata["choices"])


@pytest.mark.parametrize("kind, f", [pytest.param(k, f, id=f.name) for k, f in ALL if isinstance(f.default, float)])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite(kind, f, value):
    with pytest.raises(InputError, match=re.escape(f"{named(f)} {value} must be a finite number")):
        make(kind, f, value)


@pytest.mark.parametrize("name, value, message", [
    ("layers", 0, "`layers` 0 must be at least 1"),
    ("dropout", 1.0, "`dropout` 1.0 must be at most 0.95"),
    ("epochs", -2, "`epochs` -2 must be at least 1"),
    ("learning_rate", 0.0, "`learning_rate` 0.0 must be at least 1e-09"),
    ("cell", "gruu", "`cell` gruu is unknown; did you mean gru? Known: rnn, gru, lstm"),
    ("precision", "fp3", "`precision` fp3 is unknown; did you mean fp32? Known: auto, fp32, bf16"),
])
def test_messages_of_settings(name, value, message):
    with pytest.raises(InputError) as error:
        Settings(**{name: value})
    assert str(error.value) == message


@pytest.mark.parametrize("given, message", [
    ({"beam": 0}, "`beam` 0 must be at least 1"),
    ({"beam": 3, "n_best": 4}, "`n_best` 4 is more than `beam` 3; raise `beam`"),
    ({"top_k": 5}, "`top_k` and `top_p` need sampling; add `temperature` 1 (or another value above 0)"),
    ({"top_p": 0.9}, "`top_k` and `top_p` need sampling; add `temperature` 1 (or another value above 0)"),
    ({"temperature": -0.5}, "`temperature` -0.5 must be at least 0"),
])
def test_messages_of_search_settings(given, message):
    with pytest.raises(InputError) as error:
        SearchSettings(**given)
    assert str(error.value) == message


def test_what_belongs_together_is_allowed():
    SearchSettings(beam=4, n_best=4)
    SearchSettings(beam=1, n_best=9, temperature=1.0)  # samples are not taken from a beam
    SearchSettings(temperature=0.7, top_k=5, top_p=0.9)


def test_vectors_that_are_not_there_cannot_be_frozen():
    with pytest.raises(InputError) as error:
        Settings(freeze_vectors=True)
    assert str(error.value) == "`freeze_vectors` needs pretrained embeddings; add `vectors` FILE"


def test_every_setting_has_a_group_and_a_help_text():
    for _, f in ALL:
        assert f.metadata["group"] in ("text", "model", "training", "search")
        assert len(f.metadata["help"]) > 5


def test_no_setting_has_two_meanings():
    assert not {f.name for f in dataclasses.fields(Settings)} & {f.name for f in dataclasses.fields(SearchSettings)}


def test_a_ratio_below_one_and_one_column_for_both_sides_are_refused():
    with pytest.raises(InputError, match=r"`max_ratio` 0\.5 must be at least 1"):
        CorpusSettings(max_ratio=0.5)
    with pytest.raises(InputError, match="`source_column` de and `target_column` de are the same"):
        CorpusSettings(source_column="de", target_column="de")


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(InputError, match="`max_characters` 18 is less than `min_characters` 50"):
        CorpusSettings(min_characters=50, max_characters=18)
    assert CorpusSettings(min_characters=50, max_characters=0).min_characters == 50  # 0: no limit


def test_settings_come_back_from_json():
    changed = Settings(cell="lstm", layers=3, dropout=0.5, bidirectional=False, vectors="v.txt",
                       freeze_vectors=True)
    assert Settings(**json.loads(json.dumps(dataclasses.asdict(changed)))) == changed


def test_settings_of_version_0_1_0_keep_their_meaning():
    assert Settings.from_json({"state_size": 7, "clip": 0.5}) == Settings(hidden_size=7, max_grad_norm=0.5)
    assert SearchSettings.from_json({"no_repeat": 2}).no_repeat_ngram_size == 2
    with pytest.raises(TypeError):
        Settings.from_json({"state": 7})


def test_a_part_added_to_a_registry_is_a_choice(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "mgu", "somewhere:MGU")
    monkeypatch.setitem(registry.TOKENIZERS, "letters", "somewhere:Letters")
    assert Settings(cell="mgu", source_tokenizer="letters").cell == "mgu"


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:12"])
def test_a_device_is_named(device):
    assert RunSettings(device=device).device == device


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "", "cpu:0"])
def test_an_unknown_device_is_refused(device):
    with pytest.raises(InputError, match=f"^`device` {device} is unknown; known: auto, cpu, cuda, cuda:N$"):
        RunSettings(device=device)


def test_settings_cannot_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().layers = 2


def test_an_option_without_limits_takes_anything():
    @dataclasses.dataclass
    class Free(Checked):
        name: str = option("", "group", "any text")

    assert Free("x").name == "x"


@pytest.mark.parametrize("name, known, answer", [
    ("gruu", ["rnn", "gru"], "did you mean gru? Known: rnn, gru"),
    ("zzz", ("rnn", "gru"), "known: rnn, gru"),
    ("", ["rnn"], "known: rnn"),
    ("poems", ["poem", "word", "translate"], "did you mean poem? Known: poem, word, translate"),
])
def test_suggest_names_the_nearest_and_all(name, known, answer):
    assert suggest(name, known) == answer
