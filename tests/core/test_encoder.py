import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from core.cells import cell_class
from core.encoder import Memory, last, reverse
from core.models import make_encoder, make_lookup
from core.registry import CELLS
from core.settings import Settings
from core.vocabulary import PAD, UNK

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

B, S, E, H, V = 2, 4, 3, 5, 9
IDS = torch.tensor([[4, 5, 6, 7], [8, 5, PAD, PAD]])
LENGTHS = torch.tensor([4, 2])
GRID = [(cell, layers, both) for cell in CELLS for layers in (1, 2) for both in (False, True)]


def an_encoder(cell="gru", layers=1, bidirectional=True, dropout=0.0, word_dropout=0.0):
    torch.manual_seed(1)
    encoder = make_encoder(Settings(embedding_size=E, hidden_size=H, cell=cell, layers=layers, dropout=dropout,
                                    bidirectional=bidirectional, word_dropout=word_dropout), vocabulary_size=V)
    with torch.no_grad():
        encoder.embedding.weight[PAD] = 3.0  # if padding leaks anywhere, it shall be seen
    return encoder


def test_reverse_turns_each_row_by_its_own_length():
    x = torch.tensor([[1, 2, 3, 4], [1, 2, 0, 9]]).unsqueeze(-1)
    assert reverse(x, LENGTHS).squeeze(-1).tolist() == [[4, 3, 2, 1], [2, 1, 0, 9]]


def test_reverse_moves_whole_vectors_and_undoes_itself():
    x = torch.randn(B, S, H)
    assert torch.equal(reverse(x, LENGTHS)[1, 0], x[1, 1])
    assert torch.equal(reverse(reverse(x, LENGTHS), LENGTHS), x)


def test_last_is_the_last_real_position():
    x = torch.arange(B * S).view(B, S, 1)
    assert last(x, LENGTHS).squeeze(-1).tolist() == [3, 5]


@pytest.mark.parametrize("cell, layers, both", GRID)
def test_shapes(cell, layers, both):
    encoder = an_encoder(cell, layers, both)
    D = 2 * H if both else H
    memory = encoder(IDS, LENGTHS)
    assert encoder.memory_size == D
    assert memory.c.shape == (B, D)
    assert memory.states.shape == (B, S, D)
    assert memory.mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert memory.keys is None


@pytest.mark.parametrize("cell, layers, both", GRID)
def test_padding_changes_nothing(cell, layers, both):
    encoder = an_encoder(cell, layers, both)
    padded, alone = encoder(IDS, LENGTHS), encoder(IDS[1:, :2], LENGTHS[1:])
    torch.testing.assert_close(padded.c[1:], alone.c)
    torch.testing.assert_close(padded.states[1:, :2], alone.states)


@pytest.mark.parametrize("cell, layers, both", [row for row in GRID if cell_class(row[0]).fused])
def test_states_and_c_equal_torchs_packed_rnn_with_the_same_weights(cell, layers, both):
    encoder = an_encoder(cell, layers, both)
    theirs = cell_class(cell).fused(E, H, num_layers=layers, bidirectional=both, batch_first=True)
    weights = {}
    for ending, cells in (("", encoder.forward_layers), ("_reverse", encoder.backward_layers)):
        for k, one in enumerate(cells):
            weights |= {name.replace("_l0", f"_l{k}{ending}"): value for name, value in one.rnn.state_dict().items()}
    theirs.load_state_dict(weights)
    packed = pack_padded_sequence(encoder.embedding(IDS), LENGTHS, batch_first=True)
    out, final = theirs(packed)
    out = pad_packed_sequence(out, batch_first=True)[0]
    final = final[0] if isinstance(final, tuple) else final  # (layers · directions, B, H)
    c = torch.cat([final[-2], final[-1]], dim=-1) if both else final[-1]
    memory = encoder(IDS, LENGTHS)
    torch.testing.assert_close(memory.c, c)
    torch.testing.assert_close(memory.states[memory.mask], out[memory.mask])


def test_c_is_each_directions_last_state():
    memory = an_encoder().eval()(IDS, LENGTHS)
    assert torch.equal(memory.c[1], torch.cat([memory.states[1, 1, :H], memory.states[1, 0, H:]]))


@pytest.mark.parametrize("shares", [{"dropout": 0.5}, {"word_dropout": 0.5}])
def test_dropout_in_training_only(shares):
    encoder = an_encoder(**shares)
    assert torch.equal(encoder.eval()(IDS, LENGTHS).c, encoder.eval()(IDS, LENGTHS).c)
    assert not torch.equal(encoder.train()(IDS, LENGTHS).c, encoder.train()(IDS, LENGTHS).c)


def test_dropout_falls_once_on_the_embeddings():
    encoder, read = an_encoder(dropout=0.5).train(), []
    first = encoder.forward_layers[0].sequence
    encoder.forward_layers[0].sequence = lambda x: read.append(x) or first(x)
    many = IDS[:1].expand(500, S)
    encoder(many, torch.full((500,), S))
    assert (read[0] == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)  # 6000 numbers: 4 deviations are .026


def test_rows_of_a_memory_may_be_picked_more_than_once():
    c, states = torch.randn(B, H), torch.randn(B, S, H)
    mask, keys = torch.tensor([[True] * 4, [True, True, False, False]]), torch.randn(B, S, 7)
    picked = Memory(c, states, mask, keys).rows(torch.tensor([1, 0, 1]))
    for old, new in ((c, picked.c), (states, picked.states), (mask, picked.mask), (keys, picked.keys)):
        assert torch.equal(new, torch.stack([old[1], old[0], old[1]]))
    assert Memory(c, states, mask).rows(torch.tensor([1])).keys is None


def a_lookup(word_dropout=0.0):
    torch.manual_seed(1)
    return make_lookup(Settings(embedding_size=E, word_dropout=word_dropout, dropout=0.0), vocabulary_size=V)


def test_the_lookups_first_state_and_c_are_the_embedding():
    lookup = a_lookup()
    memory = lookup(torch.tensor([[4], [7]]), torch.tensor([1, 1]))
    assert lookup.memory_size == E
    assert torch.equal(memory.c, lookup.word.embedding.weight[[4, 7]])
    assert torch.equal(memory.states, memory.c.unsqueeze(1))
    assert memory.mask.tolist() == [[True], [True]]


def test_an_unknown_word_is_the_sum_of_its_characters():
    lookup = a_lookup()
    weight = lookup.word.embedding.weight
    memory = lookup(torch.tensor([[UNK, 5, 6], [4, 5, 6]]), torch.tensor([3, 3]))
    torch.testing.assert_close(memory.c, torch.stack([weight[5] + weight[6], weight[4] + weight[5] + weight[6]]))


def test_a_lookup_is_not_changed_by_padding():
    lookup = a_lookup()
    with torch.no_grad():
        lookup.word.embedding.weight[PAD] = 3.0
    padded = lookup(torch.tensor([[4, 5, 6], [7, PAD, PAD]]), torch.tensor([3, 1]))
    alone = lookup(torch.tensor([[7]]), torch.tensor([1]))
    assert torch.equal(padded.c[1:], alone.c)
    assert torch.equal(padded.states[1:], alone.states)


def test_a_lookup_drops_words_in_training_only():
    lookup, ids, lengths = a_lookup(word_dropout=1.0), torch.tensor([[4, 5, 6]]), torch.tensor([3])
    weight = lookup.word.embedding.weight
    torch.testing.assert_close(lookup.train()(ids, lengths).c[0], weight[5] + weight[6])
    torch.testing.assert_close(lookup.eval()(ids, lengths).c[0], weight[4] + weight[5] + weight[6])
