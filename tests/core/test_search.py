import itertools
import math
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batches import Batch
from core.constraints import Constraints
from core.encoder import Memory
from core.models import Seq2Seq, make_decoder, make_encoder
from core.search import Hypothesis, beam, greedy, sample, sampler, stream
from core.settings import Settings
from core.vocabulary import BOS, EOS, PAD, UNK

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

ONE = Constraints(max_output=1)
V = 7  # four special symbols, then the tokens A, B and C
A, B, C = 4, 5, 6
ZERO = 1e-30  # as good as impossible, yet with a logarithm


def fake_model(log_p):
    """A model of two tokens' memory: log p(y_t) = log_p[input, y_{t-2}, y_{t-1}]. Its state is y_{t-2}, its memory
    the number of the input; so a search that mixes up rows is found out."""
    def step(y, state, memory):
        number = memory.c[:, 0].long().repeat_interleave(len(y) // len(memory.c))
        return log_p[number, state[0][:, 0].long(), y], (y.unsqueeze(1).float(),), None

    def start(memory):
        return (torch.full((memory.c.size(0), 1), float(BOS)),)

    return SimpleNamespace(decoder=SimpleNamespace(start=start, step=step, logits=lambda readout: readout))


def inputs(*numbers):
    c = torch.tensor(numbers, dtype=torch.float).unsqueeze(1)
    return Memory(c, c.unsqueeze(1), torch.ones(len(numbers), 1, dtype=torch.bool))


def table(rows):
    """The log p of every next token given the last token alone: {last: {next: p}}, for one input."""
    p = torch.full((V, V), ZERO)
    for last, following in rows.items():
        for token, share in following.items():
            p[last, token] = share
    return p.log().expand(1, V, V, V)


def random_table(size, seed=0, special=0.0):
    """Random log p for `size` inputs, conditioned on two tokens. special: a bonus for <pad>, <bos>, <unk>."""
    logits = 2 * torch.randn(size, V, V, V, generator=torch.Generator().manual_seed(seed))
    logits[..., [PAD, BOS, UNK]] += special
    return torch.log_softmax(logits, dim=-1)


def enumerate_all(log_p, max_output, length_penalty, first=()):
    """Every output there is, best first, by the definition of the score: ids without <eos>, log p, score."""
    found = []
    for length in range(1, max_output + 1):
        for ids in itertools.product((A, B, C, EOS), repeat=length):
            ended = ids[-1] == EOS
            if EOS in ids[:-1] or ids[0] == EOS or (not ended and length < max_output) or ids[:len(first)] != first:
                continue
            path = (BOS, BOS, *ids)
            total = sum(log_p[path[t], path[t + 1], path[t + 2]].item() for t in range(length))
            found.append((list(ids[:-1] if ended else ids), total, total / length ** length_penalty))
    return sorted(found, key=lambda f: -f[2])


def plain(hypotheses):
    return [(h.ids, pytest.approx(h.log_p, abs=1e-4), pytest.approx(h.score, abs=1e-4)) for h in hypotheses]


def outputs(hypotheses):
    return [h.ids for h in hypotheses]


def many_samples(model, rules, count=2000, **how):
    how = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **how}
    return sample(model, inputs(*[0] * count), rules, uniforms=draws(list(range(count))), **how)


def draws(seeds, steps=40):
    """Uniform numbers for the rows of a batch, each row's from a seed of its own."""
    return torch.stack([torch.rand(steps, generator=torch.Generator().manual_seed(s)) for s in seeds])


def share_of(token, hypotheses):
    return sum(h.ids == [token] for h in hypotheses) / len(hypotheses)


# beam


@pytest.mark.parametrize("length_penalty", [0.0, 0.8, 2.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_beam_as_wide_as_everything_equals_enumeration(seed, length_penalty):
    log_p = random_table(2, seed)
    found = beam(fake_model(log_p), inputs(0, 1), Constraints(max_output=3), size=60, length_penalty=length_penalty)
    for number in (0, 1):
        wanted = enumerate_all(log_p[number], 3, length_penalty)
        assert len(wanted) == 3 + 9 * 4  # one token and <eos>, or two tokens and any third or <eos>
        assert plain(found[number]) == wanted


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_equals_greedy(seed):
    model, rules = fake_model(random_table(3, seed)), Constraints(max_output=6)
    walked = greedy(model, inputs(0, 1, 2), rules, length_penalty=0.8)
    found = beam(model, inputs(0, 1, 2), rules, size=1, length_penalty=0.8)
    assert [plain(hypotheses) for hypotheses in found] == [[(h.ids, h.log_p, h.score)] for h in walked]


# A alone: log(.6 · .5) = log .30, two tokens with <eos>. B C: log(.4 · .7 · 1) = log .28, three tokens with <eos>.
TWO_WAYS = {BOS: {A: 0.6, B: 0.4}, A: {EOS: 0.5, A: 0.25, B: 0.25}, B: {C: 0.7, A: 0.15, B: 0.15}, C: {EOS: 1.0}}


def test_beam_does_not_stop_at_the_first_finished_hypothesis():
    # After two steps [A <eos>] is finished and ranks first: log .30 / 2 = -.602 before log .28 / 2 = -.636.
    # One step later [B C <eos>] scores log .28 / 3 = -.424.
    (found,) = beam(fake_model(table(TWO_WAYS)), inputs(0), Constraints(max_output=5), size=2, length_penalty=1.0)
    assert plain(found) == [([B, C], math.log(0.28), math.log(0.28) / 3), ([A], math.log(0.30), math.log(0.30) / 2)]


def test_a_beam_tells_each_step_what_it_chose_from_and_what_it_kept():
    steps = []
    (found,) = beam(fake_model(random_table(1)), inputs(0), Constraints(max_output=4), 3, 0.8, steps.append)
    assert 1 < len(steps) <= 4
    assert [step.ids.shape[:2] for step in steps] == [(1, 1), *[(1, 3)] * (len(steps) - 1)]
    for step in steps:
        score = step.score.flatten()
        assert score[step.kept[0]].tolist() == sorted(score.tolist(), reverse=True)[:3]
        assert step.finished.shape == step.kept.shape
    last = steps[-1]
    assert last.finished.all()
    assert last.log_p.flatten()[last.kept[0]].tolist() == pytest.approx([h.log_p for h in found])
    assert last.score.flatten()[last.kept[0]].tolist() == pytest.approx([h.score for h in found])


def test_the_length_penalty_changes_the_ranking():
    for length_penalty, ranking in ((0.0, [[A], [B, C]]), (1.0, [[B, C], [A]])):
        (found,) = beam(fake_model(table(TWO_WAYS)), inputs(0), Constraints(max_output=5), 2, length_penalty)
        assert outputs(found) == ranking


def test_a_narrow_beam_keeps_what_scores_best_not_what_is_likeliest():
    # After three steps [A <eos>] has p = .4 · .5 = .20, and [B C A] only .6 · .9 · .35 = .189; but log .20 / 2 = -.805
    # and log .189 / 3 = -.555, so the second place in the beam is for [B C A], which ends with .189 · .5.
    rows = {BOS: {A: 0.4, B: 0.6}, A: {EOS: 0.5, A: 0.25, B: 0.25}, B: {C: 0.9, A: 0.1},
            C: {EOS: 0.5, A: 0.35, B: 0.15}}
    (found,) = beam(fake_model(table(rows)), inputs(0), Constraints(max_output=4), size=2, length_penalty=1.0)
    assert plain(found) == [([B, C], math.log(0.27), math.log(0.27) / 3), ([B, C, A], math.log(0.0945),
                                                                          math.log(0.0945) / 4)]


def test_beam_finds_what_greedy_misses():
    # Greedy takes A (.6), whose best end is .6 · .4; by way of B there is .4 · .9.
    model = fake_model(table({BOS: {A: 0.6, B: 0.4}, A: {EOS: 0.4, A: 0.3, B: 0.3}, B: {EOS: 0.9, C: 0.1}}))
    assert outputs(greedy(model, inputs(0), Constraints(max_output=4))) == [[A]]
    (found,) = beam(model, inputs(0), Constraints(max_output=4), size=2, length_penalty=0.0)
    assert plain(found)[0] == ([B], math.log(0.4 * 0.9), math.log(0.4 * 0.9))


def test_greedy_by_hand():
    walked = greedy(fake_model(table(TWO_WAYS)), inputs(0), Constraints(max_output=5), length_penalty=1.0)
    assert plain(walked) == [([A], math.log(0.6 * 0.5), math.log(0.6 * 0.5) / 2)]
    assert isinstance(walked[0], Hypothesis)


def test_max_output_counts_eos():
    model = fake_model(table({BOS: {A: 1.0}, A: {A: 1.0}}))
    assert outputs(greedy(model, inputs(0), Constraints(max_output=3))) == [[A, A, A]]
    model = fake_model(table({BOS: {A: 1.0}, A: {B: 1.0}, B: {EOS: 1.0}}))
    assert outputs(greedy(model, inputs(0), Constraints(max_output=3))) == [[A, B]]


# rules, in every kind of search

SEARCHES = {
    "greedy": lambda model, memory, rules: greedy(model, memory, rules),
    "beam": lambda model, memory, rules: [h[0] for h in beam(model, memory, rules, 4, 0.8)],
    "sample": lambda model, memory, rules: sample(model, memory, rules, 1.5, 0, 1.0,
                                                  draws(range(memory.c.size(0)), rules.steps)),
}
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())


@every_search
def test_outputs_have_exactly_the_asked_lengths(search):
    log_p = random_table(3, seed=4)
    log_p[..., EOS] = -1e-3  # the model would stop at once
    found = search(fake_model(log_p), inputs(0, 1, 2), Constraints(max_output=2, lengths=torch.tensor([1, 5, 3])))
    assert [len(h.ids) for h in found] == [1, 5, 3]
    assert all(EOS not in h.ids for h in found)


@every_search
def test_outputs_begin_with_the_prefix(search):
    prefix = torch.tensor([[B, C, C], [A, PAD, PAD], [PAD, PAD, PAD]])
    model, memory = fake_model(random_table(3, seed=5)), inputs(0, 1, 2)
    found = search(model, memory, Constraints(max_output=6, prefix=prefix))
    assert found[0].ids[:3] == [B, C, C]
    assert found[1].ids[0] == A
    free = search(model, memory, Constraints(max_output=6))
    assert found[2].ids == free[2].ids
    assert found[0].ids[:3] != free[0].ids[:3]


def test_a_wide_beam_with_a_prefix_equals_enumeration():
    log_p = random_table(1, seed=6)
    (found,) = beam(fake_model(log_p), inputs(0), Constraints(max_output=3, prefix=torch.tensor([[C, A]])), 60, 0.8)
    assert plain(found) == enumerate_all(log_p[0], 3, 0.8, first=(C, A))
    assert len(found) == 4


@every_search
def test_an_unlikely_prefix_is_written_all_the_same(search):
    found = search(fake_model(table(TWO_WAYS)), inputs(0), Constraints(max_output=4, prefix=torch.tensor([[C, C, B]])))
    assert found[0].ids[:3] == [C, C, B]


@every_search
@pytest.mark.parametrize("run, longest", [(1, 3), (2, 6), (3, 8)])  # so short that a fresh run is always left
def test_no_run_of_tokens_comes_twice(search, run, longest):
    log_p = random_table(4, seed=7)
    log_p[..., EOS] = -50.0
    repeated = 0
    for n in (0, run):
        found = search(fake_model(log_p), inputs(0, 1, 2, 3), Constraints(max_output=longest, no_repeat_ngram_size=n))
        for h in found:
            runs = [tuple(h.ids[i:i + run]) for i in range(len(h.ids) - run + 1)]
            repeated += n == 0 and len(set(runs)) < len(runs)
            assert n == 0 or len(set(runs)) == len(runs)
    assert repeated  # the rule had something to forbid


@every_search
def test_a_repeat_is_better_than_no_token(search):
    rules = Constraints(max_output=9, lengths=torch.tensor([5]), no_repeat_ngram_size=1)
    found = search(fake_model(random_table(1)), inputs(0), rules)
    assert len(found[0].ids) == 5
    assert set(found[0].ids) == {A, B, C}


@every_search
@pytest.mark.parametrize("rules", [Constraints(max_output=8), Constraints(max_output=1),
                                   Constraints(max_output=8, no_repeat_ngram_size=1),
                                   Constraints(max_output=8, lengths=torch.arange(1, 21))])
def test_special_symbols_never_come_out(search, rules):
    model = fake_model(random_table(20, seed=8, special=5.0))  # they are by far the likeliest
    for h in search(model, inputs(*range(20)), rules):
        assert h.ids
        assert set(h.ids) <= {A, B, C}


@every_search
def test_an_answer_is_never_empty(search):
    found = search(fake_model(table({BOS: {EOS: 0.98, A: 0.02}, A: {EOS: 1.0}})), inputs(0), Constraints(max_output=4))
    assert outputs(found) == [[A]]


@every_search
def test_the_batch_changes_nothing(search):
    model, prefix = fake_model(random_table(4, seed=9)), torch.tensor([[A], [PAD], [C], [PAD]])
    lengths = torch.tensor([4, 2, 7, 3])
    for rules in (Constraints(7), Constraints(7, prefix=prefix), Constraints(7, lengths=lengths),
                  Constraints(7, no_repeat_ngram_size=2)):
        together = search(model, inputs(0, 1, 2, 3), rules)
        for number in (0, 2):
            one = search(model, inputs(number), rules.rows(torch.tensor([number])))
            if search is not SEARCHES["sample"] or number == 0:  # sampling gives the first row the seed 0
                assert plain(one) == [(h.ids, h.log_p, h.score) for h in [together[number]]]


def test_a_beams_whole_list_does_not_depend_on_the_batch():
    model = fake_model(random_table(3, seed=10))
    together = beam(model, inputs(0, 1, 2), Constraints(max_output=5), size=4, length_penalty=0.8)
    for number in (0, 1, 2):
        (alone,) = beam(model, inputs(number), Constraints(max_output=5), size=4, length_penalty=0.8)
        assert outputs(alone) == outputs(together[number])
        assert len({tuple(ids) for ids in outputs(alone)}) == 4


# sampling


def test_sampling_among_one_equals_greedy():
    model, memory, rules = fake_model(random_table(5, seed=11)), inputs(*range(5)), Constraints(max_output=6)
    sampled = sample(model, memory, rules, temperature=3.0, top_k=1, top_p=1.0, uniforms=draws([7] * 5))
    assert outputs(sampled) == outputs(greedy(model, memory, rules))


def test_sampling_in_a_tiny_top_p_equals_greedy():
    model, memory, rules = fake_model(random_table(5, seed=12)), inputs(*range(5)), Constraints(max_output=6)
    sampled = sample(model, memory, rules, temperature=1.0, top_k=0, top_p=1e-9, uniforms=draws([7] * 5))
    assert outputs(sampled) == outputs(greedy(model, memory, rules))


@pytest.mark.parametrize("temperature", [1e-3, 1e-38])
def test_sampling_at_a_vanishing_temperature_equals_greedy(temperature):
    model, memory, rules = fake_model(random_table(5, seed=13)), inputs(*range(5)), Constraints(max_output=6)
    sampled = sample(model, memory, rules, temperature, top_k=0, top_p=1.0, uniforms=draws([7] * 5))
    assert outputs(sampled) == outputs(greedy(model, memory, rules))


def test_the_same_seeds_give_the_same_samples_whatever_else_is_in_the_batch():
    model, rules = fake_model(random_table(3, seed=14)), Constraints(max_output=9)
    how = {"temperature": 2.0, "top_k": 0, "top_p": 1.0}
    together = sample(model, inputs(0, 1, 2), rules, uniforms=draws([11, 22, 33]), **how)
    swapped = sample(model, inputs(2, 0), rules, uniforms=draws([33, 11]), **how)
    assert outputs(swapped) == outputs([together[2], together[0]])
    assert outputs(sample(model, inputs(1), rules, uniforms=draws([22]), **how)) == outputs([together[1]])
    others = sample(model, inputs(0, 1, 2), rules, uniforms=draws([44, 55, 66]), **how)
    assert outputs(others) != outputs(together)


def test_a_longer_neighbour_does_not_change_a_sample():
    model, how = fake_model(random_table(2, seed=15)), {"temperature": 2.0, "top_k": 0, "top_p": 1.0}
    together = sample(model, inputs(0, 1), Constraints(9, lengths=torch.tensor([5, 40])), uniforms=draws([1, 2]), **how)
    alone = sample(model, inputs(0), Constraints(9, lengths=torch.tensor([5])), uniforms=draws([1]), **how)
    assert together[0].ids == alone[0].ids


def test_a_uniform_number_picks_by_the_cumulative_distribution():
    three = fake_model(table({BOS: {A: 0.5, B: 0.3, C: 0.2}}))
    for u, wanted in ((0.0, A), (0.49, A), (0.51, B), (0.79, B), (0.81, C), (0.9999999, C)):
        assert outputs(sample(three, inputs(0), ONE, 1.0, 0, 1.0, torch.tensor([[u]]))) == [[wanted]]


# id by id


@pytest.mark.parametrize("constraints", [Constraints(7), Constraints(1), Constraints(7, lengths=torch.tensor([4])),
                                         Constraints(7, prefix=torch.tensor([[C, A]]), no_repeat_ngram_size=2)])
@pytest.mark.parametrize("seed", [16, 17, 18])
def test_a_stream_gives_what_greedy_and_sample_give(constraints, seed):
    model = fake_model(random_table(1, seed))
    assert [list(stream(model, inputs(0), constraints))] == outputs(greedy(model, inputs(0), constraints))
    numbers = draws([seed])
    how = {"temperature": 1.5, "top_k": 3, "top_p": 0.9}
    assert [list(stream(model, inputs(0), constraints, sampler(numbers, **how)))] == outputs(
        sample(model, inputs(0), constraints, **how, uniforms=numbers))


def test_a_stream_gives_each_id_before_the_next_step_is_made():
    model, steps = fake_model(random_table(1, seed=19)), []
    step = model.decoder.step
    model.decoder.step = lambda *given: steps.append(1) or step(*given)
    ids = stream(model, inputs(0), Constraints(7, lengths=torch.tensor([5])))
    for n in range(1, 6):
        next(ids)
        assert len(steps) == n
    assert next(ids, None) is None and not torch.is_inference_mode_enabled()


def test_a_stream_is_of_one_input():
    with pytest.raises(ValueError, match="one input, not of 2"):
        next(stream(fake_model(random_table(2)), inputs(0, 1), Constraints(3)))


# of 2000 draws a share has a standard deviation of at most √(.25 / 2000) = .011; four of them are .045

THREE = table({BOS: {A: 0.5, B: 0.3, C: 0.2}})


def test_samples_come_as_often_as_their_probability():
    drawn = many_samples(fake_model(THREE), ONE)
    for token, p in ((A, 0.5), (B, 0.3), (C, 0.2)):
        assert share_of(token, drawn) == pytest.approx(p, abs=0.045)
    assert plain([h for h in drawn if h.ids == [C]])[0] == ([C], math.log(0.2), math.log(0.2))


def test_the_temperature_is_a_power_of_the_probability():
    drawn = many_samples(fake_model(THREE), ONE, temperature=0.5)
    total = 0.5 ** 2 + 0.3 ** 2 + 0.2 ** 2
    for token, p in ((A, 0.5), (B, 0.3), (C, 0.2)):
        assert share_of(token, drawn) == pytest.approx(p ** 2 / total, abs=0.045)


def test_top_k_draws_among_the_k_likeliest():
    drawn = many_samples(fake_model(THREE), ONE, top_k=2)
    assert share_of(A, drawn) == pytest.approx(0.5 / 0.8, abs=0.045)
    assert share_of(C, drawn) == 0


@pytest.mark.parametrize("top_p, kept", [(0.45, {A: 1.0}), (0.6, {A: 5 / 8, B: 3 / 8}),
                                         (0.85, {A: 0.5, B: 0.3, C: 0.2})])
def test_top_p_draws_among_the_fewest_that_hold_it(top_p, kept):
    drawn = many_samples(fake_model(THREE), ONE, top_p=top_p)
    for token in (A, B, C):
        assert share_of(token, drawn) == pytest.approx(kept.get(token, 0), abs=0.045 * (token in kept))


def test_probability_that_a_rule_forbids_is_shared_among_the_rest():
    drawn = many_samples(fake_model(table({BOS: {EOS: 0.5, UNK: 0.1, A: 0.3, B: 0.1}})), ONE)
    assert share_of(A, drawn) == pytest.approx(0.3 / 0.4, abs=0.045)
    assert share_of(A, drawn) + share_of(B, drawn) == 1


# no_repeat_ngram_size, all rows at once


@settings(deadline=None, database=None)
@given(st.integers(1, 3), st.lists(st.lists(st.integers(A, C), min_size=6, max_size=6), min_size=1, max_size=4),
       st.integers(0, 99))
def test_repeats_are_masked_as_one_row_after_the_other_would_be(n, rows, seed):
    log_p = torch.log_softmax(torch.randn(len(rows), V, generator=torch.Generator().manual_seed(seed)), dim=-1)
    log_p[:, [PAD, BOS, UNK, EOS]] = -math.inf
    wanted = log_p.clone()
    for row, ids in zip(wanted, rows):
        tail = ids[len(ids) - n + 1:]
        free = row.clone()
        free[[ids[i + n - 1] for i in range(len(ids) - n + 1) if ids[i:i + n - 1] == tail]] = -math.inf
        row.copy_(free if free.max() > -math.inf else row)
    Constraints(9, lengths=torch.full((len(rows),), 9), no_repeat_ngram_size=n).mask_log_probs(
        log_p, torch.tensor(rows))
    assert torch.equal(log_p, wanted)


# with a real model


@pytest.mark.parametrize("attention, placement", [("none", "after"), ("additive", "before"), ("dot", "after")])
@torch.inference_mode()
def test_attention_weights_of_an_output_are_those_that_the_steps_saw(attention, placement):
    torch.manual_seed(1)
    chosen = Settings(attention=attention, placement=placement, embedding_size=4, hidden_size=5)
    encoder = make_encoder(chosen, vocabulary_size=9)
    model = Seq2Seq(encoder, make_decoder(chosen, V, encoder.memory_size)).eval()
    source, lengths = torch.tensor([[4, 5, 8], [6, 7, PAD]]), torch.tensor([3, 2])
    output = torch.tensor([[A, B, B, EOS], [C, EOS, PAD, PAD]])
    found = model.attention_weights(source, lengths, output)
    memory = model.encode(source, lengths)
    state, y = model.decoder.start(memory), torch.full((2,), BOS)
    for t in range(4):
        _, state, weights = model.decoder.step(y, state, memory)
        y = output[:, t]
        if attention == "none":
            assert found is None
        else:
            torch.testing.assert_close(found[:, t], weights * (y != PAD).unsqueeze(1))


@pytest.mark.parametrize("attention, placement", [("none", "after"), ("additive", "before"), ("dot", "after")])
def test_the_score_is_what_teacher_forcing_gives_the_same_output(attention, placement):
    torch.manual_seed(1)
    chosen = Settings(cell="lstm", layers=2, attention=attention, placement=placement, embedding_size=4,
                      hidden_size=5, dropout=0.0)
    encoder = make_encoder(chosen, vocabulary_size=9)
    model = Seq2Seq(encoder, make_decoder(chosen, V, encoder.memory_size)).eval()
    with torch.no_grad():
        model.decoder.output.weight.mul_(4)  # further from uniform
    source, lengths = torch.tensor([[4, 5, 8], [6, 7, PAD]]), torch.tensor([3, 2])
    with torch.no_grad():
        found = beam(model, model.encode(source, lengths), Constraints(max_output=5), size=6, length_penalty=0.8)
        for row, hypotheses in enumerate(found):
            for h in hypotheses:
                target = h.ids + [EOS] * (len(h.ids) < 5)
                batch = Batch(source[row:row + 1], lengths[row:row + 1], torch.tensor([target]), torch.tensor([row]))
                assert h.log_p == pytest.approx(-model.loss(batch)[0].item(), abs=1e-4)
                assert h.score == pytest.approx(h.log_p / len(target) ** 0.8)


@pytest.mark.parametrize(("search", "hypotheses"), [(greedy, 1), (lambda *a: beam(*a, 2, 0.0), 2)])
def test_what_is_finished_leaves_the_batch(search, hypotheses):
    short = table({BOS: {A: 0.9, B: 0.1}, A: {EOS: 1.0}, B: {EOS: 1.0}})  # two tokens, whatever it begins with
    long = table({BOS: {A: 0.9, B: 0.1}, A: {C: 1.0}, B: {C: 1.0}, C: {C: 1.0}})
    model, rows = fake_model(torch.cat([short, long])), []
    step = model.decoder.step
    model.decoder.step = lambda y, state, memory: rows.append((len(y), len(memory.c))) or step(y, state, memory)
    search(model, inputs(0, 1), Constraints(max_output=4))
    # A beam begins with one hypothesis an input; from the third step on one input is left.
    assert rows == [(2, 2), (2 * hypotheses, 2), (hypotheses, 1), (hypotheses, 1)]
