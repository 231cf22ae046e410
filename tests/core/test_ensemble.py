"""An ensemble's probabilities are the means of its models', in scoring and in every step of a search."""

import itertools

import pytest
import torch

from core.batches import EncodedSplit
from core.constraints import Constraints
from core.ensemble import ClassifierEnsemble, Ensemble
from core.models import Classifier, Seq2Seq, make_decoder, make_encoder
from core.registry import ATTENTIONS, CELLS
from core.search import beam, greedy
from core.search_model import search_model
from core.settings import PLACEMENTS, Settings
from core.varied import score_ids
from core.vocabulary import BOS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V, SOURCES, TARGETS = 11, [[5, 6, 7, 8], [9, 10, 4], [6]], [[4, 5, 2], [7, 2], [10, 10, 8, 2]]
IDS, LENGTHS = torch.tensor([[5, 6, 7, 8], [9, 10, 4, 0], [6, 0, 0, 0]]), torch.tensor([4, 3, 1])


def model_of(seed: int, size: int = 5, common: int = 0, **chosen) -> Seq2Seq:
    torch.manual_seed(seed)
    settings = Settings(embedding_size=6, hidden_size=size, encoder_size=7, common_tokens=common, **chosen)
    encoder = make_encoder(settings, V)
    return Seq2Seq(encoder, make_decoder(settings, V, encoder.memory_size)).eval()


def p_of_each(model: Seq2Seq) -> torch.Tensor:
    """p(y_t | y_<t, x) of the real target positions, from the plain logits of one text after the other."""
    found = []
    for source, target in zip(SOURCES, TARGETS):
        memory = model.encode(torch.tensor([source]), torch.tensor([len(source)]))
        s, context, _ = model.decoder(torch.tensor([[BOS, *target[:-1]]]), memory)
        p = model.decoder.logits(model.decoder.read(s, context))[0].softmax(dim=-1)
        found.append(p[torch.arange(len(target)), target])
    return torch.cat(found)


@pytest.mark.parametrize("cell,attention,placement", list(itertools.product(CELLS, ATTENTIONS, PLACEMENTS)))
@torch.no_grad()
def test_scores_are_those_of_the_mean_probability(cell, attention, placement):
    chosen = {"cell": cell, "attention": attention, "placement": placement}
    # Of different sizes, and one with a softmax of two levels.
    models = [model_of(1, **chosen), model_of(2, size=8, layers=2, **chosen), model_of(3, common=2, **chosen)]
    mean = sum(p_of_each(m) for m in models) / 3
    together = Ensemble(models)
    [batch] = EncodedSplit(SOURCES, TARGETS).sorted_batches(3)
    loss, count = together.loss(batch)
    assert count == len(mean)
    torch.testing.assert_close(loss, -mean.log().sum())
    search = search_model(together)
    padded = torch.tensor([row + [0] * (4 - len(row)) for row in TARGETS])
    log_p = score_ids(search, search.encode(IDS, LENGTHS), padded)
    torch.testing.assert_close(log_p, torch.stack([p.log().sum() for p in mean.split([3, 2, 4])]))
    for found in (greedy(search, search.encode(IDS, LENGTHS), Constraints(max_output=5)),
                  [best[0] for best in beam(search, search.encode(IDS, LENGTHS), Constraints(max_output=5), 4, 1.0)]):
        rows = [h.ids + [2] * (len(h.ids) < 5) for h in found]
        ids = torch.tensor([row + [0] * (5 - len(row)) for row in rows])
        torch.testing.assert_close(torch.tensor([h.log_p for h in found]),
                                   score_ids(search, search.encode(IDS, LENGTHS), ids))


@torch.no_grad()
def test_a_model_with_itself_is_that_model():
    model = model_of(4, cell="lstm")
    alone, twice = (search_model(m) for m in (model, Ensemble([model, model])))
    one, same = (beam(m, m.encode(IDS, LENGTHS), Constraints(max_output=6), 3, 1.0) for m in (alone, twice))
    assert [[h.ids for h in best] for best in one] == [[h.ids for h in best] for best in same]
    a, b = ([h.log_p for best in found for h in best] for found in (one, same))
    assert a == pytest.approx(b, abs=1e-5)


@torch.no_grad()
def test_attention_weights_are_means_and_missing_if_one_model_has_none():
    models = [model_of(1), model_of(2)]
    weights = Ensemble(models).attention_weights(IDS, LENGTHS, torch.tensor([[4, 2], [5, 2], [6, 2]]))
    each = [m.attention_weights(IDS, LENGTHS, torch.tensor([[4, 2], [5, 2], [6, 2]])) for m in models]
    torch.testing.assert_close(weights, (each[0] + each[1]) / 2)
    assert Ensemble([models[0], model_of(3, attention="none")]).attention_weights(
        IDS, LENGTHS, torch.tensor([[4, 2], [5, 2], [6, 2]])) is None


@torch.no_grad()
def test_labels_have_the_mean_probability():
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        encoder = make_encoder(Settings(embedding_size=6, hidden_size=5), V)
        models.append(Classifier(encoder, None, 3, 0.0).eval())
    logits, weights = ClassifierEnsemble(models)(IDS, LENGTHS)
    mean = sum(m(IDS, LENGTHS)[0].softmax(dim=-1) for m in models) / 2
    torch.testing.assert_close(logits.softmax(dim=-1), mean)
    assert weights is None
