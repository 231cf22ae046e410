"""n2m's side of the race against JoeyNMT: runs a job, given as JSON, and writes its figures as JSON. See joeynmt.py."""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import torch

import tasks
from core.data import Example
from core.history import Epoch
from core.settings import SearchSettings, Settings
from tasks.shared import saving, training
from tasks.shared.model import TextModel


def settings(job: dict) -> Settings:
    """The race's model; attention, placement, precision, rate and schedule come from the job."""
    return Settings(
        tokenizer="words", lowercase=True, min_count=2,
        cell="gru", embedding_size=256, encoder_size=256, hidden_size=512, bidirectional=True, tie_embeddings=False,
        attention=job["attention"], placement=job["placement"], dropout=0.2,
        epochs=job["epochs"], batch_size=128, optimizer="adam", learning_rate=job["rate"], schedule=job["schedule"],
        max_grad_norm=1.0, patience=0, precision=job["precision"])


def train(job: dict) -> dict:
    """Train for `epochs`, translating the dev split after each; or, given `updates`, for that many and no more."""
    examples, dev = read(job, "train"), read(job, "dev")
    model = training.create(tasks.find("translate"), settings(job), examples)
    if job["updates"]:
        examples = random.Random(1).sample(examples, min(job["updates"] * 128, len(examples)))
        dev = dev[:8]
    started = resumed = last = time.perf_counter()  # encoding the texts as ids counts as training
    trained, tokens, epochs = 0.0, 0, []  # trained: seconds

    def on_update(update: int, updates: int, loss: float, rate: float, count: int) -> None:
        nonlocal tokens, last
        tokens, last = tokens + count, time.perf_counter()

    def on_epoch(epoch: Epoch) -> None:
        """All time since the last update is validation: dev loss, saving, and translating."""
        nonlocal trained, resumed
        trained += last - resumed
        model.network.eval()
        answers = [] if job["updates"] else translate(model, dev, 1)
        resumed = time.perf_counter()
        epochs.append({"tokens": tokens, "training_seconds": trained, "seconds": resumed - started,
                       "dev_loss": epoch.dev_loss, "answers": answers})
        print(f"  epoch {epoch.epoch}: dev loss {epoch.dev_loss:.3f}, {tokens / trained:,.0f} target tokens/s, "
              f"{trained:.0f} s", flush=True)

    directory = None if job["updates"] else Path(job["model"])
    startup = time.time() - job["begun"]
    history = training.fit(model, examples, dev, directory, on_update=on_update, on_epoch=on_epoch)
    return {"startup_seconds": startup, "epochs": epochs, "precision": history.precision,
            "vocabulary": [len(model.source), len(model.target)],
            "parameters": sum(p.numel() for p in model.network.parameters())}


def decode(job: dict) -> dict:
    """Translate the test split with the model that `train` saved."""
    model, test = saving.load(Path(job["model"])), read(job, "test")
    result = {"startup_seconds": time.time() - job["begun"]}
    for name, beam in (("greedy", 1), ("beam", 5)):
        translate(model, test[:8], beam)  # warm-up
        seconds = []
        for _ in range(job["repeats"]):
            begun = time.perf_counter()
            answers = translate(model, test, beam)
            seconds.append(time.perf_counter() - begun)
        result[name] = {"seconds": min(seconds), "answers": answers}
    return result


def translate(model: TextModel, examples: list[Example], beam: int) -> list[str]:
    answers = model.task.answer(model, examples, SearchSettings(beam=beam, max_output=60))
    return [best[0].text for best in answers]


def read(job: dict, split: str) -> list[Example]:
    sides = ((Path(job["folder"]) / "text" / f"{split}.{language}").read_text(encoding="utf-8").split("\n")
             for language in ("de", "en"))
    return [Example(source, target) for source, target in zip(*sides) if source]


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    figures = {"train": train, "decode": decode}[asked["job"]](asked)
    figures |= {"torch": torch.__version__, "threads": torch.get_num_threads(),
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin"
                                                                                    else 1024)}
    Path(asked["result"]).write_text(json.dumps(figures), encoding="utf-8")
