import math

import pytest
import torch

from core.encoder import Memory
from core.models import make_decoder
from core.registry import CELLS
from core.settings import Settings
from core.vocabulary import BOS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

B, T, S, E, H, D, V = 2, 4, 3, 6, 5, 8, 9
FORMS = [("none", "after"), ("additive", "before"), ("additive", "after"), ("dot", "before"), ("dot", "after")]
GRID = [pytest.param(cell, *form, layers, id=f"{cell}-{form[0]}-{form[1]}-{layers}")
        for cell in CELLS for form in FORMS for layers in (1, 2)]
Y = torch.tensor([[BOS, 4, 5, 8], [BOS, 7, 7, 4]])


def a_decoder(cell="gru", attention="additive", placement="before", layers=1, tie_embeddings=False, **others):
    torch.manual_seed(1)
    settings = Settings(cell=cell, attention=attention, placement=placement, layers=layers, embedding_size=E,
                        hidden_size=H, tie_embeddings=tie_embeddings, **{"dropout": 0.0, "word_dropout": 0.0, **others})
    return make_decoder(settings, vocabulary_size=V, memory_size=D)


def a_memory(decoder):
    torch.manual_seed(2)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    return decoder.prepare(Memory(torch.randn(B, D), torch.randn(B, S, D), mask))


# one number for everything: E = H = D = A = 1, an Elman cell, two source states, and every step by hand

W_E, W_C, W_H, B_X, B_H = 0.7, -1.1, 0.4, 0.1, -0.2  # the cell: input e, input context, state, and both biases
W_0, B_0, W_S, W_K = 0.9, 0.3, 1.3, -0.8  # the bridge, the query and the key
W_RS, W_RC, B_R = 1.2, 0.6, -0.1  # the readout
C, STATES = 0.5, (0.25, -0.75)
EMBEDDED = {BOS: 0.35, 4: -0.6, 5: 0.2}


def teach(decoder, y, memory):
    """Readouts and weights of all positions under teacher forcing."""
    s, context, weights = decoder(y, memory)
    return decoder.read(s, context), weights


def scalar_decoder(attention, placement):
    settings = Settings(cell="rnn", attention=attention, placement=placement, embedding_size=1, hidden_size=1,
                        dropout=0.0, word_dropout=0.0, tie_embeddings=False)
    decoder = make_decoder(settings, vocabulary_size=6, memory_size=1)
    rnn = decoder.stack.cells[0].rnn
    with torch.no_grad():
        for i, value in EMBEDDED.items():
            decoder.embedding.weight[i] = value
        rnn.weight_ih_l0.copy_(torch.tensor([[W_E, W_C] if placement == "before" or attention == "none" else [W_E]]))
        for parameter, value in ((rnn.weight_hh_l0, W_H), (rnn.bias_ih_l0, B_X), (rnn.bias_hh_l0, B_H),
                                 (decoder.bridge[0].weight, W_0), (decoder.bridge[0].bias, B_0),
                                 (decoder.readout.bias, B_R)):
            parameter.fill_(value)
        decoder.readout.weight.copy_(torch.tensor([[W_RS, W_RC]]))
        if attention == "dot":
            decoder.attention.W_a.weight.fill_(W_S)
            decoder.attention.U_a.weight.fill_(W_K)
    return decoder


def context_by_hand(s):
    scores = [W_S * s * W_K * h for h in STATES]  # √d_k = 1
    total = sum(math.exp(x) for x in scores)
    return sum(math.exp(x) / total * h for x, h in zip(scores, STATES))


def readouts_by_hand(attention, placement, ids):
    s, out = math.tanh(W_0 * C + B_0), []
    for i in ids:
        e = EMBEDDED[i]
        if attention == "none":
            context = C
            s = math.tanh(W_E * e + W_C * context + B_X + W_H * s + B_H)
        elif placement == "before":
            context = context_by_hand(s)  # s_{t-1} asks
            s = math.tanh(W_E * e + W_C * context + B_X + W_H * s + B_H)
        else:
            s = math.tanh(W_E * e + B_X + W_H * s + B_H)
            context = context_by_hand(s)  # s_t asks
        out.append(math.tanh(W_RS * s + W_RC * context + B_R))
    return out


@pytest.mark.parametrize("attention, placement", [("none", "after"), ("dot", "before"), ("dot", "after")])
def test_three_steps_by_hand(attention, placement):
    decoder, ids = scalar_decoder(attention, placement), [BOS, 4, 5]
    memory = decoder.prepare(Memory(torch.tensor([[C]]), torch.tensor([STATES]).unsqueeze(-1),
                                    torch.tensor([[True, True]])))
    by_hand = readouts_by_hand(attention, placement, ids)
    readouts, _ = teach(decoder, torch.tensor([ids]), memory)
    assert readouts[0, :, 0].tolist() == pytest.approx(by_hand, abs=1e-6)
    state = decoder.start(memory)
    for i, wanted in zip(ids, by_hand):
        readout, state, _ = decoder.step(torch.tensor([i]), state, memory)
        assert readout.item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("cell, attention, placement, layers", GRID)
def test_teacher_forcing_equals_repeated_steps(cell, attention, placement, layers):
    decoder = a_decoder(cell, attention, placement, layers)
    memory = a_memory(decoder)
    readouts, weights = teach(decoder, Y, memory)
    assert readouts.shape == (B, T, E)
    state = decoder.start(memory)
    for t in range(T):
        readout, state, alpha = decoder.step(Y[:, t], state, memory)
        torch.testing.assert_close(readouts[:, t], readout, atol=1e-6, rtol=0)
        if attention == "none":
            assert weights is None
            assert alpha is None
        else:
            torch.testing.assert_close(weights[:, t], alpha, atol=1e-6, rtol=0)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("placement, other", [("before", "after"), ("after", "before")])
def test_the_weights_are_those_of_the_state_that_asks(placement, other, cell, layers):
    decoder = a_decoder(cell, "additive", placement, layers)
    memory = a_memory(decoder)
    old = decoder.start(memory)
    _, new, weights = decoder.step(Y[:, 1], old, memory)
    asked = {side: decoder.attention(decoder.stack.top(state).unsqueeze(1), memory.keys, memory.states,
                                     memory.mask)[1].squeeze(1) for side, state in (("before", old), ("after", new))}
    torch.testing.assert_close(weights, asked[placement])
    assert (weights - asked[other]).abs().max() > 1e-4


@pytest.mark.parametrize("cell", CELLS)
def test_without_attention_c_is_read_at_every_step(cell):
    decoder = a_decoder(cell, "none")
    memory = a_memory(decoder)
    state = tuple(torch.randn(B, H) for _ in range(decoder.stack.per_layer))
    other = Memory(memory.c + 1, memory.states, memory.mask)
    for t in range(T):  # the same word and the same state before it: only c differs
        _, here, _ = decoder.step(Y[:, t], state, memory)
        _, there, _ = decoder.step(Y[:, t], state, other)
        assert (here[0] - there[0]).abs().max() > 1e-3
        state = here


def test_without_attention_the_states_are_not_read():
    decoder = a_decoder("gru", "none")
    memory = a_memory(decoder)
    other = Memory(memory.c, memory.states + 1, memory.mask)
    assert torch.equal(decoder(Y, memory)[0], decoder(Y, other)[0])


@pytest.mark.parametrize("cell, attention, placement, layers", GRID)
def test_padding_in_the_source_changes_nothing(cell, attention, placement, layers):
    decoder = a_decoder(cell, attention, placement, layers)
    memory = a_memory(decoder)
    alone = decoder.prepare(Memory(memory.c[1:], memory.states[1:, :2], memory.mask[1:, :2]))
    torch.testing.assert_close(decoder(Y, memory)[0][1:], decoder(Y[1:], alone)[0])


@pytest.mark.parametrize("cell, attention, placement, layers", GRID)
def test_an_output_does_not_see_later_words(cell, attention, placement, layers):
    decoder = a_decoder(cell, attention, placement, layers)
    memory, changed = a_memory(decoder), Y.clone()
    changed[:, 2] = 6
    here, there = decoder(Y, memory)[0], decoder(changed, memory)[0]
    assert torch.equal(here[:, :2], there[:, :2])
    assert (here[:, 2] - there[:, 2]).abs().amax(dim=-1).min() > 1e-4


@pytest.mark.parametrize("cell, layers", [(cell, layers) for cell in CELLS for layers in (1, 2)])
def test_the_first_state_is_tanh_of_c_in_every_layer_with_its_own_weights(cell, layers):
    decoder = a_decoder(cell, "none", layers=layers)
    memory = a_memory(decoder)
    state = decoder.start(memory)
    assert len(state) == layers * decoder.stack.per_layer == len(decoder.bridge)
    for s, bridge in zip(state, decoder.bridge):
        torch.testing.assert_close(s, torch.tanh(memory.c @ bridge.weight.T + bridge.bias))
    for a in range(len(state)):
        for b in range(a):
            assert not torch.equal(state[a], state[b])


def test_prepare_projects_the_states_once():
    decoder = a_decoder("gru", "additive")
    memory = a_memory(decoder)
    torch.testing.assert_close(memory.keys, memory.states @ decoder.attention.U_a.weight.T)
    assert a_memory(a_decoder("gru", "none")).keys is None


def test_tied_embeddings_are_one_tensor():
    decoder = a_decoder(tie_embeddings=True)
    assert decoder.output.weight is decoder.embedding.weight
    assert decoder.output.weight.shape == (V, E)
    with torch.no_grad():
        decoder.embedding.weight[7] = 2.0
    readout = torch.randn(B, E)
    torch.testing.assert_close(decoder.logits(readout)[:, 7], 2 * readout.sum(dim=1) + decoder.output.bias[7])


def test_untied_embeddings_are_two_tensors():
    tied, untied = a_decoder(tie_embeddings=True), a_decoder(tie_embeddings=False)
    assert untied.output.weight is not untied.embedding.weight
    count = {d: sum(p.numel() for p in d.parameters()) for d in (tied, untied)}
    assert count[untied] - count[tied] == V * E


def test_logits_are_an_affine_map_of_the_readout():
    decoder = a_decoder()
    readout = torch.randn(B, T, E)
    expected = readout @ decoder.output.weight.T + decoder.output.bias
    assert expected.shape == (B, T, V)
    torch.testing.assert_close(decoder.logits(readout), expected)


@pytest.mark.parametrize("shares", [{"dropout": 0.5}, {"word_dropout": 0.5}])
@pytest.mark.parametrize("attention, placement", FORMS)
def test_dropout_in_training_only(attention, placement, shares):
    decoder = a_decoder("gru", attention, placement, **shares)
    memory = a_memory(decoder)
    assert torch.equal(decoder.eval()(Y, memory)[0], decoder.eval()(Y, memory)[0])
    assert not torch.equal(decoder.train()(Y, memory)[0], decoder.train()(Y, memory)[0])


@pytest.mark.parametrize("attention, placement", FORMS)
def test_dropout_falls_on_the_readouts(attention, placement):
    decoder = a_decoder("gru", attention, placement, dropout=0.5)
    memory = a_memory(decoder)
    assert (teach(decoder.eval(), Y, memory)[0] != 0).all()
    assert (teach(decoder.train(), Y, memory)[0] == 0).float().mean().item() == pytest.approx(0.5, abs=0.3)
    assert (decoder.train().step(Y[:, 0], decoder.start(memory), memory)[0] == 0).any()
