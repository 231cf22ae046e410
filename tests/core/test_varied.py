"""Many samples of each input, their log p under teacher forcing, and their ranking."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core import search
from core import varied as module
from core.constraints import Constraints
from core.models import Seq2Seq, make_decoder, make_encoder
from core.rules import NoRepeats, Positions
from core.search import Hypothesis, sample
from core.search_model import SearchModel
from core.settings import Settings
from core.varied import padded, ranked, score_ids, varied
from core.vocabulary import BOS, EOS, PAD, UNK

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V, B, K, STEPS = 13, 3, 4, 6
SOURCES, LENGTHS = torch.tensor([[5, 6], [7, PAD], [9, 4]]), torch.tensor([2, 1, 2])
FREE = Constraints(STEPS)
FIVE = Constraints(STEPS, lengths=torch.tensor([5, 2, 3]))


def network(seed=0, **options):
    torch.manual_seed(seed)
    options = Settings(**{"cell": "gru", "attention": "dot", "placement": "after", **options}, embedding_size=3,
                       hidden_size=5)
    encoder = make_encoder(options, V)
    model = Seq2Seq(encoder, make_decoder(options, V, encoder.memory_size)).eval()
    for p in model.parameters():
        p.data.mul_(3)
    return SearchModel(model)


def draws(rows, seed=0):
    return torch.rand(rows, STEPS, generator=torch.Generator().manual_seed(seed))


def several(model, constraints, count=K, uniforms=None, rows=slice(None), temperature=1.3, top_k=0, top_p=0.9):
    memory = model.encode(SOURCES[rows], LENGTHS[rows])
    return varied(model, memory, constraints, count, temperature, top_k, top_p,
                  draws(B * count) if uniforms is None else uniforms)


def ids(found):
    return [[h.ids for h in hypotheses] for hypotheses in found]


def rules_for(n):
    classes = torch.ones(2, V, dtype=torch.bool)
    classes[1, 4:9] = False
    return (Positions("class", classes, torch.tensor([[1, 0, 1]] * n)),
            NoRepeats("repeats", torch.tensor([[6]] * n), torch.zeros(n, 3, dtype=torch.bool),
                      torch.full((n, 3), -1), torch.tensor([EOS])))


every_constraint = pytest.mark.parametrize("constraints", [
    FREE, FIVE, Constraints(STEPS, rules=rules_for(B)), Constraints(STEPS, prefix=torch.tensor([[4], [PAD], [7]]))],
    ids=["free", "lengths", "rules", "prefix"])


@every_constraint
@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
@torch.inference_mode()
def test_one_sample_equals_sample_with_the_same_uniforms(constraints, seed):
    model = network(seed)
    one = sample(model, model.encode(SOURCES, LENGTHS), constraints, 1.3, 0, 0.9, draws(B, seed))
    assert ids(several(model, constraints, 1, draws(B, seed))) == [[h.ids] for h in one]


@every_constraint
def test_samples_side_by_side_equal_samples_of_repeated_inputs(constraints):
    model = network()
    index = torch.arange(B).repeat_interleave(K)
    wanted = sample(model, model.encode(SOURCES[index], LENGTHS[index]), constraints.repeated(K), 1.3, 0, 0.9,
                    draws(B * K))
    found = [h for hypotheses in several(model, constraints) for h in hypotheses]
    assert [h.ids for h in found] == [h.ids for h in wanted]
    torch.testing.assert_close(*(torch.tensor([h.log_p for h in hs]) for hs in (found, wanted)))
    assert ids(several(model, constraints.repeated(K))) == ids(several(model, constraints))


@every_constraint
def test_the_batch_changes_nothing(constraints, monkeypatch):
    model, uniforms = network(), draws(B * K)
    together = ids(several(model, constraints, uniforms=uniforms))
    for b in range(B):
        alone = several(model, constraints.rows(torch.tensor([b])), uniforms=uniforms[b * K:(b + 1) * K],
                        rows=slice(b, b + 1))
        assert ids(alone) == [together[b]]
    for size in (1, 3, 7):
        monkeypatch.setattr(search, "BATCH", size)
        assert ids(several(model, constraints, uniforms=uniforms)) == together


def test_the_outputs_keep_the_constraints():
    found = ids(several(network(), Constraints(STEPS, lengths=FIVE.lengths, rules=rules_for(B)), count=20))
    for length, outputs in zip((5, 2, 3), found):
        assert all(len(output) == length and not {PAD, BOS, EOS, UNK, 6} & set(output) for output in outputs)
        assert all(len(set(output)) == length and output[0] >= 9 for output in outputs)
        assert len({tuple(output) for output in outputs}) > 3


def test_constraints_of_different_sizes_are_an_error():
    with pytest.raises(ValueError, match=r"different numbers of outputs: \[2, 3\]"):
        several(network(), Constraints(STEPS, lengths=FIVE.lengths, rules=rules_for(2)))


# log p of given ids


@every_constraint
@pytest.mark.parametrize("options", [{}, {"attention": "none"}, {"placement": "before"}, {"cell": "lstm"}])
def test_the_score_equals_the_log_p_of_the_search(constraints, options):
    """Also under rules: they are no part of log p."""
    model = network(**options)
    found = [h for hypotheses in several(model, constraints, top_p=0.7) for h in hypotheses]
    scores = score_ids(model, model.encode(SOURCES, LENGTHS), padded(found, constraints))
    torch.testing.assert_close(scores, torch.tensor([h.log_p for h in found]))


@torch.inference_mode()
def test_the_score_is_the_sum_over_the_ids(monkeypatch):
    model, given_ids = network(), torch.tensor([[5, 6, EOS], [5, 7, 8], [9, EOS, PAD], [5, 6, EOS]])
    memory = model.encode(SOURCES[:1], LENGTHS[:1])
    wanted = []
    for row in given_ids:
        state, y, total = model.decoder.start(memory), torch.tensor([BOS]), 0.0
        for i in row[row != PAD]:
            readout, state, _ = model.decoder.step(y, state, memory)
            total += torch.log_softmax(model.decoder.logits(readout), dim=-1)[0, i].item()
            y = i.view(1)
        wanted.append(total)
    for size in (512, 2, 1):
        monkeypatch.setattr(module, "BATCH", size)
        torch.testing.assert_close(score_ids(model, memory, given_ids), torch.tensor(wanted))


def test_outputs_are_padded_with_the_end_that_was_written():
    found = [Hypothesis(i, 0.0, 0.0) for i in ([5, 6], [7], [4, 5, 6])]
    assert padded(found, Constraints(3)).tolist() == [[5, 6, EOS], [7, EOS, PAD], [4, 5, 6]]
    assert padded(found, Constraints(3, lengths=torch.tensor([2, 1, 3]))).tolist() == [
        [5, 6, PAD], [7, PAD, PAD], [4, 5, 6]]


# ranking


def test_the_ranking_by_hand():
    found = [Hypothesis([i], log_p, log_p) for i, log_p in ((4, -2.0), (5, -3.0), (6, -4.0), (4, -2.0))]
    without = [-2.0, -6.0, -5.0, -2.0]
    assert [h.ids for h in ranked(found, without, 0.0, 9)] == [[4], [5], [6]]
    by_half = ranked(found, without, 0.5, 9)
    assert [(h.ids, h.score, h.log_p) for h in by_half] == [([5], 0.0, -3.0), ([4], -1.0, -2.0), ([6], -1.5, -4.0)]
    assert [h.ids for h in ranked(found, without, 0.5, 1)] == [[5]]
