import json
import math
import signal

import pytest
import torch
from torch import nn

from core.batches import EncodedSplit
from core.data import InputError
from core.history import Epoch, History
from core.models import Seq2Seq, make_decoder, make_encoder, parameters_by_part
from core.optimization import lr_multiplier, make_optimizer
from core.settings import Settings
from core.training import INTERRUPTED, TERMINATED, train
from core.training_run import Run, evaluate

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

ONE = EncodedSplit([[4]], [[5]])


def plain(**others):
    return Settings(**{"epochs": 5, "batch_size": 2, "warmup": 0, "schedule": "constant", "patience": 0,
                       "learning_rate": 0.1, "precision": "fp32", "embedding_size": 4, "hidden_size": 5, **others})


def scripted(dev_losses, train_loss=None):
    """A model that moves at every update, and whose dev loss after epoch k is dev_losses[k-1]; it remembers the
    label smoothing it was asked for in .asked."""
    torch.manual_seed(1)
    model, coming = nn.Linear(3, 2), iter(dev_losses)
    model.asked = []

    def loss(batch, label_smoothing=0.0, sampling=0.0):
        model.asked.append((model.training, label_smoothing))
        if not model.training:
            return torch.tensor(float(next(coming))), 1
        total = model.weight.square().sum() + model.bias.square().sum()
        return total if train_loss is None else total * 0 + train_loss, batch.target.numel()

    model.loss = loss
    return model


def weights_of(model):
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def a_model(settings, seed=1):
    torch.manual_seed(seed)
    encoder = make_encoder(settings, vocabulary_size=12)
    return Seq2Seq(encoder, make_decoder(settings, 12, encoder.memory_size))


def some_data(count=7):
    return EncodedSplit([[4 + (i + k) % 8 for k in range(1 + i % 3)] for i in range(count)],
                [[4 + (i + k) % 8 for k in range(1 + i % 2)] + [2] for i in range(count)])


# learning rate


def test_the_warm_up_is_linear_and_ends_at_the_highest_value():
    settings = plain(warmup=4)
    assert [lr_multiplier(u, 100, settings) for u in range(6)] == pytest.approx([1/5, 2/5, 3/5, 4/5, 1, 1])


def test_the_warm_up_takes_at_most_a_tenth_of_all_updates():
    settings = plain(warmup=1000)
    assert [lr_multiplier(u, 30, settings) for u in range(5)] == pytest.approx([1/4, 2/4, 3/4, 1, 1])
    assert lr_multiplier(0, 9, settings) == 1


def test_the_cosine_goes_from_one_to_zero():
    settings = plain(schedule="cosine", warmup=0)
    by_hand = {0: 1, 25: 0.5 * (1 + math.sqrt(0.5)), 50: 0.5, 75: 0.5 * (1 - math.sqrt(0.5)), 100: 0}
    for update, share in by_hand.items():
        assert lr_multiplier(update, 100, settings) == pytest.approx(share, abs=1e-12)


def test_the_cosine_begins_after_the_warm_up():
    settings = plain(schedule="cosine", warmup=10)
    assert lr_multiplier(9, 110, settings) == pytest.approx(10 / 11)
    assert lr_multiplier(10, 110, settings) == 1
    assert lr_multiplier(60, 110, settings) == pytest.approx(0.5)
    assert lr_multiplier(109, 110, settings) > 0


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_other_schedules_stay_at_the_highest_value(schedule):
    assert [lr_multiplier(u, 20, plain(schedule=schedule)) for u in (0, 10, 19)] == [1, 1, 1]


def test_updates_use_the_scheduled_rate():
    rates = []
    train(scripted([1, 1]), some_data(10), ONE, plain(epochs=2, schedule="cosine", learning_rate=0.3),
          on_update=lambda update, updates, loss, rate, tokens: rates.append((update, updates, rate)))
    assert rates == [(u + 1, 10, pytest.approx(0.3 * 0.5 * (1 + math.cos(math.pi * u / 10)))) for u in range(10)]


def test_on_a_plateau_the_rate_is_halved():
    rates = []
    settings = plain(epochs=6, schedule="plateau", learning_rate=0.4)
    history = train(scripted([3, 2, 2, 1, 1, 1]), ONE, ONE, settings,
                    on_update=lambda update, updates, loss, rate, tokens: rates.append(rate))
    # no better after epoch 3, nor after epoch 5
    assert rates == pytest.approx([0.4, 0.4, 0.4, 0.2, 0.2, 0.1])
    assert [e.learning_rate for e in history.epochs] == pytest.approx(rates)


# the end of training


def test_training_goes_through_all_epochs():
    history = train(scripted([5, 4, 3]), some_data(7), ONE, plain(epochs=3))
    assert [e.epoch for e in history.epochs] == [1, 2, 3]
    assert [e.dev_loss for e in history.epochs] == [5, 4, 3]
    assert history.updates == 3 * 4  # 7 examples, 2 in a batch
    assert history.stopped == "all epochs done"
    assert history.best is history.epochs[2]


def test_training_stops_when_the_dev_loss_no_longer_improves():
    history = train(scripted([3, 1, 2, 1, 0]), ONE, ONE, plain(patience=2))
    assert [e.dev_loss for e in history.epochs] == [3, 1, 2, 1]  # as good is not better
    assert [e.best for e in history.epochs] == [True, True, False, False]
    assert history.stopped == "no better dev loss for 2 epochs"


def test_patience_begins_anew_at_every_best():
    history = train(scripted([3, 4, 2, 4, 1, 4, 4]), ONE, ONE, plain(epochs=7, patience=2))
    assert len(history.epochs) == 7
    assert history.best.epoch == 5


def test_patience_zero_never_stops():
    assert len(train(scripted([1, 2, 3, 4, 5]), ONE, ONE, plain(patience=0)).epochs) == 5


def test_the_best_weights_are_restored():
    model, seen = scripted([3, 1, 2, 2]), []
    train(model, ONE, ONE, plain(epochs=4), on_epoch=lambda epoch: seen.append(weights_of(model)))
    assert same(weights_of(model), seen[1])
    assert not same(seen[1], seen[3])
    assert not model.training


def test_on_best_sees_the_best_weights():
    model, saved = scripted([3, 1, 2, 0.5]), []
    train(model, ONE, ONE, plain(epochs=4), on_best=lambda epoch: saved.append((epoch.epoch, weights_of(model))))
    assert [number for number, _ in saved] == [1, 2, 4]
    assert same(weights_of(model), saved[-1][1])


def test_ctrl_c_leaves_the_best_weights():
    model, seen = scripted([1, 2, 3]), []

    def interrupt(update, updates, loss, rate, tokens):
        if update == 3:
            raise KeyboardInterrupt

    history = train(model, ONE, ONE, plain(), on_update=interrupt, on_epoch=lambda _: seen.append(weights_of(model)))
    assert history.stopped == "interrupted"
    assert history.updates == 3
    assert len(history.epochs) == 2
    assert history.best.epoch == 1
    assert same(weights_of(model), seen[0])
    assert not same(seen[0], seen[1])
    assert not model.training


def test_ctrl_c_before_the_first_dev_loss_leaves_what_was_learned():
    model = scripted([])
    start = weights_of(model)

    def interrupt(*_):
        raise KeyboardInterrupt

    history = train(model, ONE, ONE, plain(), on_update=interrupt)
    assert history.stopped == "interrupted"
    assert history.best is None
    assert history.updates == 1
    assert not same(weights_of(model), start)


@pytest.mark.parametrize("why", [INTERRUPTED, TERMINATED])
def test_the_caller_may_stop_it_after_any_update(why):
    model, updates = scripted([1, 2, 3]), []
    history = train(model, some_data(7), ONE, plain(), on_update=lambda *given: updates.append(given[0]),
                    should_stop=lambda: why if len(updates) == 6 else "")
    assert updates == [1, 2, 3, 4, 5, 6]
    assert (history.stopped, history.updates, len(history.epochs)) == (why, 6, 1)


def test_training_leaves_signals_alone():
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    seen = []
    train(scripted([1]), ONE, ONE, plain(epochs=1), on_update=lambda *_: seen.extend(
        signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)))
    assert seen == handlers


def test_a_lack_of_memory_is_one_line_with_the_remedy():
    for error, text in ((torch.OutOfMemoryError("CUDA out of memory.\nTried"), "out of memory on the GPU"),
                        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), "out of memory"),
                        (MemoryError(), "out of memory")):
        model = scripted([1])

        def fail(*_, error=error, **__):
            raise error

        model.loss = fail
        with pytest.raises(InputError, match=f"^{text}; use a smaller `batch_size`, `batch_tokens` or `hidden_size`$"):
            train(model, ONE, ONE, plain())


def test_losses_that_are_read_seldom_are_the_same(monkeypatch):
    data, found = some_data(23), []
    for every in (1, 20, 3):
        first = Run.__init__

        def begin(self, *given, first=first, every=every):
            first(self, *given)
            self.read_every = every

        with monkeypatch.context() as patch:
            patch.setattr(Run, "__init__", begin)
            losses = []
            history = train(a_model(plain()), data, data, plain(epochs=3),
                            on_update=lambda u, us, loss, rate, n, losses=losses: losses.append(loss))
        found.append([(pytest.approx(e.train_loss), e.dev_loss) for e in history.epochs])
        assert len(set(losses)) == {1: 36, 20: 4, 3: 12}[every]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_diverging_loss_is_an_error_that_names_the_remedy(value):
    message = rf"training diverged \(loss {value}\); lower `learning_rate` 0.1"
    with pytest.raises(InputError, match=message):
        train(scripted([1], train_loss=value), ONE, ONE, plain())


# what an update does


def test_label_smoothing_is_for_the_training_loss_only():
    model = scripted([1, 1])
    train(model, ONE, ONE, plain(epochs=2, label_smoothing=0.1))
    assert model.asked == [(True, 0.1), (False, 0.0), (True, 0.1), (False, 0.0)]


def test_every_update_tells_how_many_target_tokens_it_saw():
    data, seen = some_data(7), []
    train(a_model(plain()), data, data, plain(epochs=1),
          on_update=lambda update, updates, loss, rate, tokens: seen.append((update, updates, tokens)))
    assert [(update, updates) for update, updates, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sum(tokens for _, _, tokens in seen) == 7 + 7 + 3  # 7 <eos>, one token each, and a second in every other


def test_the_train_loss_is_a_mean_over_tokens():
    torch.manual_seed(1)
    model = nn.Linear(1, 1)
    # a batch of n tokens sums to n² + 0 · weight: batches of 1 and 3 tokens have the mean (1 + 9) / (1 + 3)
    model.loss = lambda batch, label_smoothing=0.0, sampling=0.0: (model.weight.sum() * 0 + batch.target.numel() ** 2,
                                                     batch.target.numel())
    losses = []
    history = train(model, EncodedSplit([[4], [5]], [[4], [4, 5, 6]]), ONE, plain(epochs=1, batch_size=1),
                    on_update=lambda update, updates, loss, rate, tokens: losses.append(loss))
    assert sorted(losses) == [1, 3]
    assert history.epochs[0].train_loss == (1 + 9) / 4


@pytest.mark.parametrize("clip, norm", [(0.0, 20.0), (1.5, 1.5), (100.0, 20.0)])
def test_the_gradient_is_clipped_to_the_asked_norm(clip, norm):
    model = nn.Linear(4, 1, bias=False)
    model.loss = lambda batch, label_smoothing=0.0, sampling=0.0: (model.weight.sum() * 10, 1)  # norm 20
    train(model, ONE, ONE, plain(epochs=1, max_grad_norm=clip))
    assert model.weight.grad.norm().item() == pytest.approx(norm, rel=1e-4)


def test_adamw_decays_matrices_only():
    model = a_model(plain())
    groups = make_optimizer(model, plain(optimizer="adamw", weight_decay=0.3)).param_groups
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(decay) == len(list(model.parameters()))
    for name, p in model.named_parameters():
        assert decay[id(p)] == (0.3 if p.dim() > 1 else 0), name


def test_adam_decays_nothing():
    optimizer = make_optimizer(nn.Linear(3, 2), plain(optimizer="adam", weight_decay=0.3))
    assert type(optimizer) is torch.optim.Adam
    assert [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups] == [(2, 0)]


def test_training_lowers_the_loss():
    settings = plain(epochs=15, learning_rate=0.05, dropout=0.0, word_dropout=0.0)
    model, data = a_model(settings), some_data()
    before = evaluate(model, data.sorted_batches(4))
    history = train(model, data, data, settings)
    assert evaluate(model, data.sorted_batches(4)) < before / 2
    assert history.best.dev_loss == pytest.approx(evaluate(model, data.sorted_batches(4)))


def test_the_same_seed_gives_the_same_numbers():
    runs = []
    for seed in (1, 1, 2):
        settings = plain(epochs=3, dropout=0.3, seed=seed)
        model = a_model(settings, seed=1)  # the same weights and dropout: the setting orders the examples
        history = train(model, some_data(), some_data(4), settings)
        runs.append(([(e.train_loss, e.dev_loss) for e in history.epochs], weights_of(model)))
    assert runs[0][0] == runs[1][0]
    assert same(runs[0][1], runs[1][1])
    assert runs[0][0] != runs[2][0]


def test_training_in_bf16_is_finite_and_leaves_fp32_weights():
    settings = plain(epochs=2, precision="bf16")
    model = a_model(settings)
    history = train(model, some_data(), some_data(4), settings)
    assert history.precision == "bf16"
    assert all(math.isfinite(e.dev_loss) for e in history.epochs)
    assert all(p.dtype == torch.float32 for p in model.parameters())


# evaluation, reports


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_is_the_mean_over_tokens_without_dropout_and_leaves_the_mode(training):
    settings = plain(dropout=0.5)
    model, data = a_model(settings), some_data()
    model.train(training)
    wanted = evaluate(model, data.sorted_batches(3))
    assert model.training is training
    assert evaluate(model, data.sorted_batches(7)) == pytest.approx(wanted)
    model.eval()
    whole = [model.loss(data.batch(range(len(data))))]
    assert wanted == pytest.approx(whole[0][0].item() / whole[0][1])


def test_the_history_is_plain_json():
    history = train(scripted([2, 1]), ONE, ONE, plain(epochs=2))
    saved = json.loads(json.dumps(history.to_json()))
    assert [e["dev_loss"] for e in saved["epochs"]] == [2, 1]
    assert (saved["stopped"], saved["updates"], saved["precision"]) == ("all epochs done", 2, "fp32")


def test_the_best_epoch_is_the_last_that_was_best():
    epochs = [Epoch(n, 1.0, 1.0, 1.0, 1.0, 1.0, best) for n, best in ((1, True), (2, True), (3, False))]
    assert History(epochs).best.epoch == 2
    assert History().best is None


@pytest.mark.parametrize("tied", [True, False])
def test_every_learned_number_is_counted_once_in_its_part(tied):
    model = a_model(plain(tie_embeddings=tied, attention="additive"))
    counts = parameters_by_part(model)
    assert sum(counts.values()) == sum(p.numel() for p in model.parameters())
    assert counts["embedding"] == 2 * 12 * 4
    assert counts["attention"] == 5 * 5 + 5 * 10 + 5  # W_a, U_a (both directions: D = 2H) and v_a
    assert set(counts) == {"embedding", "encoder", "attention", "decoder"}
