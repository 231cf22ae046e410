"""Rules alone, by hand; and every search under them."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.constraints import NEG_INF, Constraints
from core.models import Seq2Seq, make_decoder, make_encoder
from core.rules import Alike, NoRepeats, Positions, apply_rules
from core.search import beam, greedy, sample, sampler, stream
from core.search_model import SearchModel
from core.settings import Settings
from core.varied import varied
from core.vocabulary import EOS, PAD

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V, T = 13, 4
LEVEL, OBLIQUE = {4, 5, 6, 7, 8}, {8, 9, 10, 11}  # 8 may be either, 12 neither
GROUPS = {4: {0}, 5: {0}, 6: {1}, 7: {0, 1}, 8: {2}, 9: {2}, 10: {1, 2}}  # 11 and 12 are in none


def bools(rows, width):
    out = torch.zeros(len(rows), width, dtype=torch.bool)
    for row, places in enumerate(rows):
        out[row, list(places)] = True
    return out


CLASSES = bools([range(V), LEVEL, OBLIQUE], V)
GROUP_TABLE = bools([GROUPS.get(i, ()) for i in range(V)], 3)


def ids_of(allowed, row=0):
    return set(allowed[row].nonzero().flatten().tolist())


def alike(chain, start=((0, 1, 2),)):
    return Alike("rhyme", GROUP_TABLE, torch.tensor([chain]), bools(start, 3))


def no_repeats(used=(), doubling=(), copies=None, free=(), B=1):
    return NoRepeats("repeats", torch.tensor([list(used)] * B, dtype=torch.long).view(B, -1),
                     torch.tensor([[t in doubling for t in range(T)]] * B),
                     torch.tensor([[(copies or {}).get(t, -1) for t in range(T)]] * B),
                     torch.tensor(list(free), dtype=torch.long))


def written(*ids):
    return torch.tensor([ids], dtype=torch.long).view(1, -1)


def test_positions_by_hand():
    rule = Positions("tones", CLASSES, torch.tensor([[1, 0, 2], [0, 0, 1]]))
    at = [rule.allowed(torch.full((2, t), 4), V) for t in range(4)]
    assert (ids_of(at[0]), ids_of(at[0], 1)) == (LEVEL, set(range(V)))
    assert at[1] is None and at[3] is None  # nothing to look up: every id
    assert (ids_of(at[2]), ids_of(at[2], 1)) == (OBLIQUE, LEVEL)


def test_a_chain_narrows_to_the_groups_that_all_its_ids_share():
    rule = alike([1, 0, 1, 1])
    assert ids_of(rule.allowed(written(), V)) == set(GROUPS)  # in any group
    assert rule.allowed(written(7), V) is None
    assert ids_of(rule.allowed(written(7, 9), V)) == {4, 5, 6, 7, 10}  # 7 has the groups 0 and 1; 9 is in no chain
    assert ids_of(rule.allowed(written(7, 9, 10), V)) == {6, 7, 10}  # 7 and 10 share group 1
    assert ids_of(rule.allowed(written(7, 9, 4), V)) == {4, 5, 7}


def test_the_first_chain_begins_with_the_groups_of_the_start():
    assert ids_of(alike([1], [(0,)]).allowed(written(), V)) == {4, 5, 7}
    assert ids_of(alike([2], [(0,)]).allowed(written(), V)) == set(GROUPS)
    assert ids_of(alike([1, 1], [(0,)]).allowed(written(7), V)) == {4, 5, 7}


def test_chains_do_not_mix():
    rule = alike([1, 2, 1, 2])
    assert ids_of(rule.allowed(written(4, 9, 5), V)) == {8, 9, 10}


def test_an_id_of_a_chain_that_leaves_no_group_does_not_count():
    rule = alike([1, 1, 1])
    assert ids_of(rule.allowed(written(11, 4), V)) == {4, 5, 7}  # 11 is in no group
    assert ids_of(rule.allowed(written(4, 9), V)) == {4, 5, 7}  # 4 and 9 share none: 4 came first


def test_rows_in_and_out_of_a_chain():
    rule = Alike("rhyme", GROUP_TABLE, torch.tensor([[1, 1], [1, 0]]), bools([(0, 1, 2), (0, 1, 2)], 3))
    allowed = rule.allowed(torch.tensor([[4], [4]]), V)
    assert (ids_of(allowed), ids_of(allowed, 1)) == ({4, 5, 7}, set(range(V)))


def test_no_id_comes_twice_but_doublings_copies_and_free_ones():
    everything = set(range(1, V))
    rule = no_repeats(used=(9, PAD), doubling=(1, 2), copies={3: 0}, free=(12,))
    assert ids_of(rule.allowed(written(), V)) == everything - {9}
    assert ids_of(rule.allowed(written(5), V)) == everything - {9}  # 5 may be doubled
    assert ids_of(rule.allowed(written(5, 5), V)) == everything - {9, 5}  # not tripled
    assert ids_of(rule.allowed(written(5, 6), V)) == everything - {9, 5}
    assert ids_of(rule.allowed(written(5, 12), V)) == everything - {9, 5}
    assert ids_of(rule.allowed(written(5, 6, 7), V)) == {5}
    assert ids_of(rule.allowed(written(5, 6, 7, 8), V)) == everything - {5, 6, 7, 8, 9}  # after T positions


def test_the_least_important_rule_gives_way_first():
    level, first = Positions("tones", CLASSES, torch.tensor([[1]])), alike([1], [(2,)])
    possible = bools([range(4, V)], V)
    assert ids_of(apply_rules((level, first), possible, written())) == LEVEL & {8, 9, 10}
    used = no_repeats(used=(8,))  # 8 alone is of a level tone and in group 2
    assert ids_of(apply_rules((level, first, used), possible, written())) == {8}
    assert ids_of(apply_rules((level, used, first), possible, written())) == LEVEL - {8}
    assert ids_of(apply_rules((used, first, level), possible, written())) == {9, 10}


def test_each_row_gives_way_by_itself_and_a_later_rule_still_holds():
    level, used = Positions("tones", CLASSES, torch.tensor([[1], [1]])), no_repeats(used=(10,), B=2)
    found = apply_rules((level, used), bools([(9, 10), (5, 10)], V), torch.empty(2, 0, dtype=torch.long))
    assert (ids_of(found), ids_of(found, 1)) == ({9}, {5})


def test_ids_beyond_those_a_rule_knows_are_not_allowed():
    found = apply_rules((alike([1]),), torch.ones(1, V + 3, dtype=torch.bool), written())
    assert ids_of(found) == set(GROUPS)


def test_the_mask_keeps_log_p_and_hard_parts():
    log_p = torch.log_softmax(torch.randn(1, V, generator=torch.Generator().manual_seed(0)), dim=-1)
    before = log_p.clone()
    rules = (Positions("tones", CLASSES, torch.tensor([[1]])),)
    Constraints(3, rules=rules).mask_log_probs(log_p, written())
    assert ids_of(log_p > NEG_INF) == LEVEL
    assert torch.equal(log_p[0, list(LEVEL)], before[0, list(LEVEL)])
    log_p = before.clone()  # the prefix does not fit: the rule gives way
    Constraints(3, prefix=torch.tensor([[11]]), rules=rules).mask_log_probs(log_p, written())
    assert ids_of(log_p > NEG_INF) == {11}


def test_a_certain_id_that_is_not_allowed():
    log_p = torch.full((1, V), -200.0)
    log_p[0, 9] = 0.0  # exactly 1
    Constraints(3, rules=(Positions("tones", CLASSES, torch.tensor([[1]])),)).mask_log_probs(log_p, written())
    assert not log_p.isnan().any()
    assert ids_of(log_p > NEG_INF) == LEVEL


# every search keeps them


def network(seed):
    torch.manual_seed(seed)
    options = Settings(cell="gru", attention="dot", placement="after", embedding_size=3, hidden_size=5)
    encoder = make_encoder(options, V)
    model = Seq2Seq(encoder, make_decoder(options, V, encoder.memory_size)).eval()
    for p in model.parameters():
        p.data.mul_(4)
    return model


SOURCES, LENGTHS = torch.tensor([[5, 6], [7, PAD], [9, 4]]), torch.tensor([2, 1, 2])


def draws(rows, seed=0):
    return torch.rand(rows, 6, generator=torch.Generator().manual_seed(seed))


def streamed(model, memory, constraints, choose=None):
    rows = [torch.tensor([b]) for b in range(memory.c.size(0))]
    return [list(stream(model, memory.rows(r), constraints.rows(r), *([choose(r)] if choose else []))) for r in rows]


SEARCHES = {
    "greedy": lambda m, memory, c: [h.ids for h in greedy(m, memory, c)],
    "beam": lambda m, memory, c: [h.ids for found in beam(m, memory, c, 3, 0.8) for h in found],
    "sample": lambda m, memory, c: [h.ids for h in sample(m, memory, c, 1.5, 0, 0.9, draws(memory.c.size(0)))],
    "varied": lambda m, memory, c: [h.ids for found in varied(m, memory, c, 4, 1.5, 0, 0.9, draws(4 * memory.c.size(0)))
                                    for h in found],
    "stream": lambda m, memory, c: streamed(m, memory, c),
    "sampled stream": lambda m, memory, c: streamed(m, memory, c, lambda r: sampler(draws(3)[r], 1.5)),
}
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())


def form(tones, chain, doubling=(), B=3):
    """Rules of one form for B inputs, rhyme first."""
    return (Alike("rhyme", GROUP_TABLE, torch.tensor([chain] * B), bools([(0, 1, 2)] * B, 3)),
            Positions("tones", CLASSES, torch.tensor([tones] * B)), no_repeats(doubling=doubling, B=B))


def faults(ids, tones, chain, doubling=()):
    """The rules of a form that an output breaks."""
    places = {}
    for t, (i, link) in enumerate(zip(ids, chain)):
        places.setdefault(link, []).append(GROUPS.get(i, set()))
        doubled = t in doubling and ids[t - 1] == i and i not in ids[:t - 1]
        if i in ids[:t] and not doubled:
            yield "repeats"
        if tones[t] and i not in (None, LEVEL, OBLIQUE)[tones[t]]:
            yield "tones"
    if any(link and not set.intersection(*found) for link, found in places.items()):
        yield "rhyme"


@every_search
@given(seed=st.integers(0, 1000), tones=st.lists(st.sampled_from([0, 1, 2]), min_size=T, max_size=T),
       chain=st.sampled_from([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 1, 2], [0, 0, 0, 0]]),
       doubling=st.sampled_from([(), (1,), (1, 3)]))
@settings(max_examples=12, deadline=None)
@torch.inference_mode()
def test_every_search_keeps_the_rules(search, seed, tones, chain, doubling):
    model = SearchModel(network(seed))
    constraints = Constraints(T, lengths=torch.tensor([4, 2, 3]), rules=form(tones, chain, doubling))
    for ids in search(model, model.encode(SOURCES, LENGTHS), constraints):
        found = set(faults(ids, tones, chain, doubling))
        assert "tones" not in found or "rhyme" not in found  # only together could they leave nothing
        if not any(chain):  # five ids and more for four positions: nothing gives way
            assert not found


@every_search
@torch.inference_mode()
def test_what_has_to_give_way_does_and_the_rest_holds(search):
    model = SearchModel(network(3))
    tones, chain = [1, 1, 1, 1], [1, 1, 1, 1]
    rules = (Alike("rhyme", GROUP_TABLE, torch.tensor([chain] * 3), bools([(0,)] * 3, 3)), *form(tones, chain)[1:])
    constraints = Constraints(T, lengths=torch.tensor([4, 4, 4]), rules=rules)  # only 4, 5 and 7 rhyme in group 0
    for ids in search(model, model.encode(SOURCES, LENGTHS), constraints):
        assert set(ids[:3]) == {4, 5, 7}
        assert ids[3] in {4, 5, 7}  # a repeat, since rhyme and tones are more important


@every_search
@torch.inference_mode()
def test_without_lengths_the_end_is_an_id_like_others(search):
    model = SearchModel(network(4))
    wanted = torch.tensor([[1, 1, 2]] * 3)
    constraints = Constraints(6, rules=(Positions("tones", CLASSES, wanted),))  # <eos> is in no class but 0
    for ids in search(model, model.encode(SOURCES, LENGTHS), constraints):
        assert len(ids) >= 3
        assert not list(faults(ids[:2], [1, 1], [0, 0])) or ids[0] == ids[1]
    ends = CLASSES.clone()
    ends[2] = bools([(EOS,)], V)[0]
    constraints = Constraints(6, rules=(Positions("tones", ends, wanted),))
    for ids in search(model, model.encode(SOURCES, LENGTHS), constraints):
        assert len(ids) == 2 and set(ids) <= LEVEL


@pytest.mark.parametrize("name", ["greedy", "beam", "stream"])  # the draws of the others depend on the row
@torch.inference_mode()
def test_the_batch_changes_nothing(name):
    model = SearchModel(network(5))
    forms = [form(tones, chain, B=1) for tones, chain in (([1, 0, 2, 1], [0, 1, 0, 1]), ([0, 0, 0, 0], [0, 0, 0, 0]),
                                                          ([2, 2, 1, 1], [1, 1, 0, 0]))]
    alike_all, tones_all, _ = form([0] * T, [0] * T)
    together = (replace(alike_all, chain=torch.cat([f[0].chain for f in forms])),
                replace(tones_all, wanted=torch.cat([f[1].wanted for f in forms])), no_repeats(B=3))
    lengths = torch.tensor([4, 2, 3])
    found = SEARCHES[name](model, model.encode(SOURCES, LENGTHS), Constraints(T, lengths=lengths, rules=together))
    alone = []
    for b, rules in enumerate(forms):
        memory = model.encode(SOURCES[b:b + 1], LENGTHS[b:b + 1])
        alone += SEARCHES[name](model, memory, Constraints(T, lengths=lengths[b:b + 1], rules=rules))
    assert found == alone
