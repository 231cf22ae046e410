"""What search does with a SearchModel equals what it does with the model, step by step and as a whole."""

import gc
import itertools
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from core import search_model
from core.batches import EncodedSplit
from core.constraints import Constraints
from core.models import Seq2Seq, make_decoder, make_encoder, make_lookup
from core.registry import ATTENTIONS, CELLS
from core.search import beam, greedy
from core.search_model import SearchMemory, SearchModel
from core.settings import PLACEMENTS, Settings
from core.training import train
from core.vocabulary import BOS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V, SOURCE = 11, torch.tensor([[5, 6, 7, 8], [9, 10, 4, 0], [6, 5, 0, 0], [7, 0, 0, 0], [8, 0, 0, 0]])
LENGTHS = torch.tensor([4, 3, 2, 1, 1])
ALL = list(itertools.product(CELLS, ATTENTIONS, PLACEMENTS, (1, 2)))


def model_of(cell: str, attention: str, placement: str, layers: int, **more) -> Seq2Seq:
    torch.manual_seed(3)
    settings = Settings(cell=cell, attention=attention, placement=placement, layers=layers, embedding_size=6,
                        hidden_size=5, encoder_size=7, **more)
    encoder = make_encoder(settings, V)
    return Seq2Seq(encoder, make_decoder(settings, V, encoder.memory_size)).eval()


@pytest.mark.parametrize("lookups", [0, 1000], ids=["each word by itself", "a table of words"])
@pytest.mark.parametrize("cell,attention,placement,layers", ALL)
@torch.inference_mode()
def test_a_step_equals_that_of_the_decoder(monkeypatch, cell, attention, placement, layers, lookups):
    monkeypatch.setattr(search_model, "BATCH", 2)  # three batches, of three lengths, joined
    model = model_of(cell, attention, placement, layers)
    fast = SearchModel(model)
    fast.decoder._lookups = lookups
    fast.decoder._input(torch.tensor([BOS]))
    memory, other = model.encode(SOURCE, LENGTHS), fast.encode(SOURCE, LENGTHS)
    assert (fast.decoder._words is not None) == (lookups == 1000)
    K = 3
    state, same = (d.start(m) for d, m in ((model.decoder, memory), (fast.decoder, other)))
    state, same = (tuple(x.repeat_interleave(K, dim=0) for x in s) for s in (state, same))
    y = torch.full((5 * K,), BOS)
    for _ in range(3):
        fast.decoder._lookups = lookups
        plain, state, weights = model.decoder.step(y, state, memory)
        quick, same, others = fast.decoder.step(y, same, other)
        torch.testing.assert_close(quick, plain)
        logits = fast.decoder.logits(quick)
        torch.testing.assert_close(logits[:, :V], model.decoder.logits(plain))
        assert (logits[:, V:] == float("-inf")).all()
        torch.testing.assert_close(same, state)
        if weights is not None:
            torch.testing.assert_close(others, weights)
        y = (torch.arange(5 * K) * 7 + y) % V


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize("attention,placement", [("dot", "after"), ("additive", "after"), ("additive", "before")])
def test_search_finds_the_same(attention, placement, tie):
    model = model_of("gru", attention, placement, 1, tie_embeddings=tie, layer_norm=tie, common_tokens=int(tie))
    assert bool(model.decoder.output.rare) == tie
    fast, rules = SearchModel(model), Constraints(max_output=6, no_repeat_ngram_size=2)
    for search in (lambda m: [[h] for h in greedy(m, m.encode(SOURCE, LENGTHS), rules)],
                   lambda m: beam(m, m.encode(SOURCE, LENGTHS), rules, 4, 0.8)):
        with torch.inference_mode():
            plain, quick = search(model), search(fast)
        assert [[h.ids for h in found] for found in quick] == [[h.ids for h in found] for found in plain]
        for a, b in zip(itertools.chain(*quick), itertools.chain(*plain)):
            assert a.log_p == pytest.approx(b.log_p, abs=1e-5)


@torch.inference_mode()
def test_a_lookup_of_one_word_can_be_searched_too():
    settings = Settings(attention="none", embedding_size=6, hidden_size=5)
    torch.manual_seed(4)
    model = Seq2Seq(make_lookup(settings, V), make_decoder(settings, V, 6)).eval()
    rules, fast = Constraints(max_output=5), SearchModel(model)
    found = [[h.ids for h in greedy(m, m.encode(SOURCE, LENGTHS), rules)] for m in (model, fast)]
    assert found[0] == found[1]


def test_a_table_that_would_be_too_large_is_not_made(monkeypatch):
    monkeypatch.setattr(search_model, "MAX_TABLE", V * 15 - 1)
    decoder = SearchModel(model_of("gru", "dot", "after", 1)).decoder
    decoder._lookups = 1000
    decoder._input(torch.tensor([BOS]))
    assert decoder._words is None


def test_a_beam_wider_than_what_is_allowed_takes_no_word_beyond_the_vocabulary():
    fast = SearchModel(model_of("gru", "dot", "after", 1))
    wanted = torch.tensor([[7, 8]] * 5)
    with torch.inference_mode():
        found = beam(fast, fast.encode(SOURCE, LENGTHS), Constraints(max_output=4, prefix=wanted), 40, 0.8)
    assert all(h.ids[:2] == [7, 8] and max(h.ids) < V for hypotheses in found for h in hypotheses)


def test_a_search_memory_has_no_states_and_a_memory_no_products():
    fast = SearchModel(model_of("gru", "dot", "after", 1))
    assert isinstance(fast.encode(SOURCE, LENGTHS), SearchMemory)
    assert not hasattr(fast.encode(SOURCE, LENGTHS), "states")
    model = model_of("gru", "dot", "before", 1)
    with torch.inference_mode():
        memory = SearchModel(model).encode(SOURCE, LENGTHS)
        torch.testing.assert_close(memory.states, model.encode(SOURCE, LENGTHS).states)


def test_it_is_made_once_until_the_weights_change():
    model = model_of("gru", "dot", "after", 1)
    first = search_model.search_model(model)
    assert search_model.search_model(model) is first
    assert search_model.search_model(model_of("gru", "dot", "after", 1)) is not first
    data = EncodedSplit([[5, 6]], [[7, 8]])
    train(model, data, data, Settings(epochs=1, precision="fp32"))
    second = search_model.search_model(model)
    assert second is not first and search_model.search_model(model) is second
    with torch.no_grad():
        model.decoder.output.bias.add_(1)
    assert search_model.search_model(model) is not second


def test_what_was_made_goes_with_its_model():
    model = model_of("gru", "dot", "after", 1)
    made = weakref.ref(search_model.search_model(model))
    del model
    gc.collect()
    assert made() is None


def test_threads_that_answer_at_once_find_what_one_finds():
    model = model_of("gru", "dot", "after", 1)
    wanted = [h.ids for h in greedy(model, model.encode(SOURCE, LENGTHS), Constraints(max_output=6))]

    def answer(_):
        fast = search_model.search_model(model)
        return [h.ids for h in greedy(fast, fast.encode(SOURCE, LENGTHS), Constraints(max_output=6))]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == wanted for found in pool.map(answer, range(60)))
    assert search_model.search_model(model).decoder._words is not None


def test_it_follows_the_weights_during_training():
    """The optimizer changes weights in place; a callback that searches in the middle of a training must see that."""
    settings = Settings(embedding_size=4, hidden_size=6, epochs=1, batch_size=1, precision="fp32", warmup=0)
    encoder = make_encoder(settings, 9)
    model = Seq2Seq(encoder, make_decoder(settings, 9, encoder.memory_size))
    data, found = EncodedSplit([[4, 5], [6]], [[7, 2], [8, 2]]), []
    train(model, data, data, settings, on_update=lambda *_: found.append(search_model.search_model(model)))
    assert found[0] is not found[1]
