"""JoeyNMT's side of the race: runs a job, given as JSON, and writes its figures as JSON. See joeynmt.py.

Also runs that of translation.py, whose jobs say more: languages, lowercase, dropout, label_smoothing, batch, seconds.

Runs in JoeyNMT's own virtual environment and drives its public parts: parse_global_args, prepare, TrainManager,
predict. It is started with `python -I`, since the joeynmt.py beside this file would hide the package of that name.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from joeynmt.config import parse_global_args, set_validation_args
from joeynmt.helpers import make_model_dir
from joeynmt.prediction import predict, prepare
from joeynmt.training import TrainManager


def configuration(job: dict) -> dict:
    """What its users write as YAML."""
    tokens, (source, target) = Path(job["folder"]) / "tokens", job.get("languages", ("de", "en"))
    batch, dropout, timed = job.get("batch", 128), job.get("dropout", 0.2), "seconds" in job
    side = {"level": "word", "tokenizer_type": "none", "lowercase": job.get("lowercase", True),
            "voc_min_freq": 2, "max_length": 200}
    embeddings = {"embedding_dim": 256, "scale": False, "dropout": dropout}
    with open(tokens / f"train.{source}", encoding="utf-8") as lines:
        updates = math.ceil(sum(1 for _ in lines) / batch)  # in an epoch
    every = min(updates, 1000) if timed else updates
    return {
        "name": "race", "joeynmt_version": "2.3.0", "model_dir": job["model"], "use_cuda": False, "random_seed": 1,
        "data": {"train": str(tokens / "train"), "dev": str(tokens / "dev"), "test": str(tokens / "test"),
                 "dataset_type": "plain", "src": {"lang": source, **side}, "trg": {"lang": target, **side}},
        "testing": {"batch_size": 128, "batch_type": "sentence", "beam_size": 5, "beam_alpha": 1.0,
                    "max_output_length": 60, "eval_metrics": ["bleu"]},
        # Per epoch. In the race the factor is 1: without a schedule 2.3.0 does not start. `plateau` does not start with
        # this torch.
        "training": {"optimizer": "adam", "learning_rate": 0.001, "scheduling": "exponential",
                     "decrease_factor": 0.9 if timed else 1.0,
                     "label_smoothing": job.get("label_smoothing", 0.0),
                     "normalization": "tokens", "clip_grad_norm": 1.0, "batch_size": batch, "batch_type": "sentence",
                     "epochs": job["epochs"], "validation_freq": every, "logging_freq": every, "shuffle": True,
                     "keep_best_ckpts": 1, "print_valid_sents": []},
        "model": {"initializer": "xavier_uniform", "embed_initializer": "xavier_uniform", "bias_initializer": "zeros",
                  "encoder": {"type": "recurrent", "rnn_type": "gru", "embeddings": embeddings, "hidden_size": 256,
                              "bidirectional": True, "dropout": dropout, "num_layers": 1},
                  "decoder": {"type": "recurrent", "rnn_type": "gru", "embeddings": embeddings, "hidden_size": 512,
                              "dropout": dropout, "hidden_dropout": dropout, "num_layers": 1, "input_feeding": True,
                              "init_hidden": "bridge", "attention": "bahdanau"}}}


class Timed(TrainManager):
    """JoeyNMT's own training, with a clock that stops while it validates: dev loss, greedy search, checkpoint."""

    def start(self, *data, most_seconds: float = math.inf) -> list[dict]:
        self.most_seconds = most_seconds
        self.epochs, self.training = [], 0.0
        self.started = self.resumed = time.perf_counter()
        self.train_and_validate(*data)
        return self.epochs

    def _validate(self, valid_data) -> None:
        self.training += time.perf_counter() - self.resumed
        super()._validate(valid_data)
        if self.training > self.most_seconds:
            self.stats.is_max_update = True  # ends the training
        self.resumed = time.perf_counter()
        hypotheses = (self.model_dir / f"{self.stats.steps}.hyps").read_text(encoding="utf-8")
        self.epochs.append({"tokens": self.stats.total_tokens, "training_seconds": self.training,
                            "seconds": self.resumed - self.started,
                            "answers": hypotheses.removesuffix("\n").split("\n")})
        print(f"  epoch {len(self.epochs)}: {self.stats.total_tokens / self.training:,.0f} target tokens/s, "
              f"{self.training:.0f} s", flush=True)


def train(job: dict) -> dict:
    """Train for `epochs`, with a validation at the end of each."""
    make_model_dir(Path(job["model"]), overwrite=True)
    args = parse_global_args(configuration(job), rank=0, mode="train")
    model, examples, dev, _ = prepare(args, rank=0, mode="train")
    trainer = Timed(rank=0, model=model, model_dir=args.model_dir, device=args.device, n_gpu=args.n_gpu,
                    num_workers=args.num_workers, autocast=args.autocast, seed=args.seed, train_args=args.train,
                    dev_args=set_validation_args(args.test))
    startup = time.time() - job["begun"]
    epochs = trainer.start(examples, dev, most_seconds=job.get("seconds", math.inf))
    return {"startup_seconds": startup, "epochs": epochs,
            "precision": "16 bits" if args.autocast["enabled"] else "fp32",
            "vocabulary": [len(model.src_vocab), len(model.trg_vocab)],
            "parameters": sum(p.numel() for p in model.parameters())}


def decode(job: dict) -> dict:
    """Translate the test split with the best checkpoint that `train` left."""
    args = parse_global_args(configuration(job), rank=0, mode="test")
    model, _, dev, test = prepare(args, rank=0, mode="test")
    result = {"startup_seconds": time.time() - job["begun"]}
    dev.reset_indices(random_subset=8)

    def translate(data, beam: int) -> list[str]:
        search = args.test._replace(beam_size=beam, eval_metrics=[])  # its own scoring is not timed
        return predict(model=model, data=data, device=args.device, n_gpu=args.n_gpu, args=search,
                       autocast=args.autocast)[2]

    for name, beam in (("greedy", 1), ("beam", 5)):
        translate(dev, beam)  # warm-up
        seconds = []
        for _ in range(job["repeats"]):
            begun = time.perf_counter()
            answers = translate(test, beam)
            seconds.append(time.perf_counter() - begun)
        result[name] = {"seconds": min(seconds), "answers": answers}
    return result


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    figures = {"train": train, "decode": decode}[asked["job"]](asked)
    figures |= {"joeynmt": version("joeynmt"), "torch": torch.__version__, "threads": torch.get_num_threads(),
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin"
                                                                                    else 1024)}
    Path(asked["result"]).write_text(json.dumps(figures), encoding="utf-8")
