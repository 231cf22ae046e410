from dataclasses import replace

import pytest
import torch

from core.batches import Batch
from core.models import Classifier, Seq2Seq, make_decoder, make_encoder, make_lookup, make_pooling
from core.ngrams import NGrams
from core.registry import ATTENTIONS, CELLS
from core.settings import Settings
from core.vocabulary import BOS, EOS, PAD

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

E, H, SOURCES, TARGETS = 4, 5, 11, 9
FORMS = [("none", "after"), ("additive", "before"), ("additive", "after"), ("dot", "before"), ("dot", "after")]
GRID = [pytest.param(cell, *form, id=f"{cell}-{form[0]}-{form[1]}") for cell in CELLS for form in FORMS]
BATCH = Batch(source=torch.tensor([[4, 5, 6, 10], [7, 8, PAD, PAD]]), source_lengths=torch.tensor([4, 2]),
              target=torch.tensor([[4, 8, EOS], [5, EOS, PAD]]), index=torch.tensor([0, 1]))
LABELLED = Batch(BATCH.source, BATCH.source_lengths, torch.tensor([[3], [1]]), BATCH.index)


def settings(cell="gru", attention="additive", placement="before", **others):
    return Settings(**{"cell": cell, "attention": attention, "placement": placement, "embedding_size": E,
                       "hidden_size": H, "dropout": 0.0, "word_dropout": 0.0, **others})


def a_seq2seq(*form, **others):
    torch.manual_seed(1)
    s = settings(*form, **others)
    encoder = make_encoder(s, SOURCES)
    return Seq2Seq(encoder, make_decoder(s, TARGETS, encoder.memory_size))


def a_classifier(*form, **others):
    torch.manual_seed(1)
    s = settings(*form, **others)
    encoder = make_encoder(s, SOURCES)
    return Classifier(encoder, make_pooling(s, encoder.memory_size), labels=3, dropout=s.dropout)


def widened(batch, source=2, target=3):
    """The same batch with more columns of padding."""
    return Batch(torch.nn.functional.pad(batch.source, (0, source), value=PAD), batch.source_lengths,
                 torch.nn.functional.pad(batch.target, (0, target), value=PAD), batch.index)


@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_the_loss_counts_only_real_positions(cell, attention, placement):
    model = a_seq2seq(cell, attention, placement)
    log_p = torch.log_softmax(model.decoder.logits(model.readouts(BATCH)), dim=-1)
    by_hand = -(log_p[0, 4] + log_p[1, 8] + log_p[2, EOS] + log_p[3, 5] + log_p[4, EOS])
    loss, count = model.loss(BATCH)
    assert count == 5
    torch.testing.assert_close(loss, by_hand)


def test_the_decoder_reads_bos_and_then_the_target_shifted_by_one():
    model = a_seq2seq()
    memory = model.encode(BATCH.source, BATCH.source_lengths)
    s, context, _ = model.decoder(torch.tensor([[BOS, 4, 8], [BOS, 5, EOS]]), memory)
    expected = model.decoder.read(s, context)
    torch.testing.assert_close(model.readouts(BATCH), torch.cat([expected[0], expected[1, :2]]))


@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_more_padding_changes_nothing(cell, attention, placement):
    model = a_seq2seq(cell, attention, placement, tie_embeddings=False)
    with torch.no_grad():
        model.encoder.embedding.weight[PAD] = 3.0
        model.decoder.embedding.weight[PAD] = 3.0
    loss, count = model.loss(BATCH)
    wider, same = model.loss(widened(BATCH))
    assert count == same
    torch.testing.assert_close(loss, wider)


@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_the_loss_of_a_batch_is_the_sum_over_its_rows(cell, attention, placement):
    model = a_seq2seq(cell, attention, placement)
    first = Batch(BATCH.source[:1], BATCH.source_lengths[:1], BATCH.target[:1], BATCH.index[:1])
    second = Batch(BATCH.source[1:, :2], BATCH.source_lengths[1:], BATCH.target[1:, :2], BATCH.index[1:])
    torch.testing.assert_close(model.loss(BATCH)[0], model.loss(first)[0] + model.loss(second)[0])


@pytest.mark.parametrize("layers, both, tied", [(1, True, True), (2, True, False), (2, False, True)])
@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_every_parameter_gets_a_gradient(cell, attention, placement, layers, both, tied):
    model = a_seq2seq(cell, attention, placement, layers=layers, bidirectional=both, tie_embeddings=tied)
    model.loss(BATCH)[0].backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_of_one_unit_to_text_gets_a_gradient(cell):
    torch.manual_seed(1)
    s = settings(cell, "none")
    lookup = make_lookup(s, SOURCES)
    model = Seq2Seq(lookup, make_decoder(s, TARGETS, lookup.memory_size))
    model.loss(BATCH)[0].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_shared_embedding_is_one_tensor():
    s = settings()
    encoder = make_encoder(s, SOURCES)
    decoder = make_decoder(s, SOURCES, encoder.memory_size, shared=encoder.embedding)
    assert decoder.embedding is encoder.embedding
    assert decoder.output.weight is encoder.embedding.weight


def test_the_padding_vector_stays_zero_in_training():
    model = a_seq2seq(tie_embeddings=False)  # tied, it learns as an output that never comes; nothing reads it
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model.loss(BATCH)[0].backward()
    optimizer.step()
    assert (model.encoder.embedding.weight[PAD] == 0).all()
    assert (model.decoder.embedding.weight[PAD] == 0).all()


def smoothed(log_p, right, share):
    """(1 - ε) of the right answer's -log p, and ε of the mean over all V answers."""
    return -(1 - share) * log_p[right] - share * log_p.mean()


def test_label_smoothing_by_its_formula():
    model = a_seq2seq()
    log_p = torch.log_softmax(model.decoder.logits(model.readouts(BATCH)), dim=-1)
    by_hand = sum(smoothed(row, right, 0.3) for row, right in zip(log_p, (4, 8, EOS, 5, EOS)))
    torch.testing.assert_close(model.loss(BATCH, label_smoothing=0.3)[0], by_hand)
    assert abs(by_hand - model.loss(BATCH)[0]) > 1e-3


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_classifiers_loss_is_minus_log_p_of_the_labels(attention):
    model = a_classifier("gru", attention)
    logits, weights = model(LABELLED.source, LABELLED.source_lengths)
    log_p = torch.log_softmax(logits, dim=-1)
    loss, count = model.loss(LABELLED)
    assert logits.shape == (2, 3)
    assert count == 2
    torch.testing.assert_close(loss, -log_p[0, 2] - log_p[1, 0])
    by_hand = smoothed(log_p[0], 2, 0.3) + smoothed(log_p[1], 0, 0.3)
    torch.testing.assert_close(model.loss(LABELLED, label_smoothing=0.3)[0], by_hand)
    if attention == "none":
        assert weights is None
    else:
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
        assert weights[1, 2:].tolist() == [0, 0]


def test_scores_of_ngrams_are_added_and_in_training_those_that_have_not_seen_the_text():
    model = a_classifier()
    deep = model(LABELLED.source, LABELLED.source_lengths)[0]
    model.ngrams = NGrams(SOURCES, 2, labels=3)
    with torch.no_grad():
        model.ngrams.weight.normal_()
    z = model.ngrams(LABELLED.source)
    torch.testing.assert_close(model(LABELLED.source, LABELLED.source_lengths)[0], deep + z)
    scores = torch.tensor([[1.0, 2.0, 3.0], [5.0, 0.0, 0.0]])
    log_p = torch.log_softmax(deep + scores, dim=-1)
    loss, _ = model.loss(replace(LABELLED, scores=scores))
    torch.testing.assert_close(loss, -log_p[0, 2] - log_p[1, 0])
    plain, _ = model.loss(LABELLED)
    plain.backward()
    assert model.ngrams.weight.grad is None and model.output.weight.grad is not None
    torch.testing.assert_close(model.eval().loss(replace(LABELLED, scores=scores))[0], plain)
    model.ngrams = None
    torch.testing.assert_close(model.train().loss(replace(LABELLED, scores=scores))[0], model.loss(LABELLED)[0])


@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_more_padding_changes_no_classification(cell, attention, placement):
    model = a_classifier(cell, attention, placement)
    with torch.no_grad():
        model.encoder.embedding.weight[PAD] = 3.0
    logits = model(LABELLED.source, LABELLED.source_lengths)[0]
    torch.testing.assert_close(model(widened(LABELLED).source, LABELLED.source_lengths)[0], logits)
    torch.testing.assert_close(model(LABELLED.source[1:, :2], LABELLED.source_lengths[1:])[0], logits[1:])


def test_without_attention_the_classifier_reads_c():
    model = a_classifier("gru", "none")
    memory = model.encoder(LABELLED.source, LABELLED.source_lengths)
    torch.testing.assert_close(model(LABELLED.source, LABELLED.source_lengths)[0],
                               memory.c @ model.output.weight.T + model.output.bias)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_every_parameter_of_the_classifier_gets_a_gradient(cell, attention):
    model = a_classifier(cell, attention, layers=2)
    model.loss(LABELLED)[0].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("placement", ["before", "after"])
def test_scheduled_sampling_replaces_inputs_by_the_decoders_own_guesses(placement):
    model = a_seq2seq("gru", "dot", placement)
    memory, true = model.encode(BATCH.source, BATCH.source_lengths), torch.tensor([[BOS, 4, 8], [BOS, 5, EOS]])
    s, context, _ = model.decoder(true, memory)
    guess = model.decoder.logits(model.decoder.read(s, context)).argmax(dim=-1)
    assert torch.equal(model._sampled(true, memory, fraction=1.0), torch.cat([true[:, :1], guess[:, :-1]], dim=1))
    assert torch.equal(model._sampled(true, memory, fraction=0.0), true)


@pytest.mark.parametrize("options", [{"layer_norm": True}, {"recurrent_dropout": 0.4}])
@pytest.mark.parametrize("cell, attention, placement", GRID)
def test_options_of_the_cells_learn(cell, attention, placement, options):
    model = a_seq2seq(cell, attention, placement, **options)
    model.train()
    model.loss(BATCH)[0].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
