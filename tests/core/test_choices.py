"""Random choices: draws without sorting, against the definition."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.choices import draw, sampler

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

GRID = (torch.arange(5000, dtype=torch.double) + 0.5) / 5000


def nucleus(p, top_p):
    """The ids whose more likely ones amount to less than top_p, from all of them sorted."""
    return {i for i in range(len(p)) if sum(sorted((q for q in p if q > p[i]), reverse=True)) < top_p}


def drawn(p, u, top_p=1.0):
    return draw(torch.tensor([p] * len(u)), torch.as_tensor(u).view(-1, 1), top_p).flatten().tolist()


def test_by_hand():
    assert drawn([0.2, 0.0, 0.5, 0.3], [0.0, 0.19, 0.21, 0.69, 0.71, 0.999]) == [0, 0, 2, 2, 3, 3]


def test_an_id_outside_is_drawn_anew_from_where_u_fell_within_it():
    # .1, .2 and .1 are outside. u = .025 is at 1/4 of the first, .575 at 5/8 of the second, .99 at 9/10 of the third.
    # Of what is left: .25 · .8 = .2 (the second .2 is left, since .1 was drawn), .625 · .6 = .375 and .9 · .8 = .72.
    p = [0.1, 0.35, 0.2, 0.25, 0.1]
    assert nucleus(p, 0.6) == {1, 3}
    assert drawn(p, [0.025, 0.575, 0.99], 0.6) == [1, 3, 3]
    # .0675 is at .675 of the first: .675 · .8 = .54 falls on the second again, at .95 of it: .95 · .6 = .57
    assert drawn(p, [0.2, 0.7, 0.0675], 0.6) == [1, 3, 3]


@given(weights=st.lists(st.sampled_from([0, 1, 2, 3, 5, 8, 13, 21, 34]), min_size=1, max_size=9).filter(any),
       top_p=st.sampled_from([0.01, 0.3, 0.5001, 0.77, 0.95, 1.0]))
@settings(max_examples=100, deadline=None)
def test_an_even_grid_of_u_draws_each_id_of_the_nucleus_by_its_share(weights, top_p):
    p = [w / sum(weights) for w in weights]
    inside = nucleus(p, top_p)
    found = torch.bincount(draw(torch.tensor([p]).expand(len(GRID), -1), GRID.unsqueeze(1), top_p).flatten(),
                           minlength=len(p))
    mass = sum(p[i] for i in inside)
    wanted = torch.tensor([p[i] / mass * (i in inside) for i in range(len(p))])
    torch.testing.assert_close((found / len(GRID)).float(), wanted, atol=0.01, rtol=0)


@given(seed=st.integers(0, 10 ** 6), rows=st.integers(1, 6), top_p=st.sampled_from([0.4, 0.9, 1.0]),
       top_k=st.sampled_from([0, 1, 3]), temperature=st.sampled_from([0.3, 1.0, 2.0]))
@settings(max_examples=100, deadline=None)
def test_a_choice_is_inside_and_does_not_depend_on_the_batch(seed, rows, top_p, top_k, temperature):
    generator = torch.Generator().manual_seed(seed)
    log_p = torch.log_softmax(3 * torch.randn(rows, 17, generator=generator), dim=-1)
    log_p[:, ::5] = float("-inf")
    choose = sampler(torch.rand(rows, 1, generator=generator, dtype=torch.double), temperature, top_k, top_p)
    together = choose(log_p, 0, torch.arange(rows)).tolist()
    assert together == [choose(log_p[[n]], 0, torch.tensor([n])).item() for n in range(rows)]
    p = torch.softmax(log_p.double() / temperature, dim=-1).tolist()
    for row, i in zip(p, together):
        assert row[i] > 0 and i in nucleus(row, top_p + 1e-6)
        assert not top_k or sum(q > row[i] for q in row) < top_k


@pytest.mark.parametrize("u", [0.0, 1 - 2 ** -24])
def test_the_ends_of_u_draw_possible_ids(u):
    for p in ([0.0, 0.3, 0.7, 0.0], [0.0, 1e-30, 1.0, 1e-30, 0.0], [1 / 3, 1 / 3, 1 / 3]):
        for top_p in (0.5, 1.0):
            (i,) = drawn(p, [u], top_p)
            assert p[i] > 0


def test_many_draws_anew_end():
    p = torch.arange(1.0, 3001.0).unsqueeze(0)  # u = 0 falls on the least likely one each time
    assert draw(p / p.sum(), torch.zeros(1, 1), 1e-9).tolist() == [[2999]]
