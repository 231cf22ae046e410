"""Marian's side of the race against JoeyNMT: trains and decodes with a program that the user names. See joeynmt.py."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from core.data import InputError

Follow = Callable[[list[str], Path], None]  # runs a program to its end, its messages into a log


def decoder_of(marian: Path) -> Path:
    """The program marian-decoder beside this marian. Raises InputError unless both can be run."""
    decoder = marian.with_name("marian-decoder")
    for program in (marian, decoder):
        if not os.access(program, os.X_OK) or program.is_dir():
            raise InputError(f"--marian {marian}: {program} is not a program; name Marian's own program `marian`, "
                             "beside which its build puts marian-decoder")
    return decoder


def race(marian: Path, work: Path, epochs: int, rate: float, follow: Follow) -> dict:
    """Train an s2s model of the race's sizes on the race's tokens, then decode the test split. Returns
    tokens_per_second, and for greedy search and a beam of 5 the seconds, less those of a single sentence, and the
    answers."""
    decoder, folder = decoder_of(marian), work / "marian_model"
    threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model, log = folder / "model.npz", work / "logs" / "marian.log"
    texts = [work / "tokens" / f"train.{language}" for language in ("de", "en")]
    vocabularies = [folder / f"{text.suffix[1:]}.txt" for text in texts]
    for text, vocabulary in zip(texts, vocabularies):
        counts = Counter(text.read_text(encoding="utf-8").split())
        words = [word for word, count in counts.most_common() if count > 1]
        vocabulary.write_text("\n".join(["</s>", "<unk>", *words]) + "\n", encoding="utf-8")
    begun = time.perf_counter()
    follow([str(marian), "--type", "s2s", "--model", str(model), "--train-sets", *map(str, texts),
            "--vocabs", *map(str, vocabularies), "--dim-emb", "256", "--dim-rnn", "512", "--enc-type", "bidirectional",
            "--enc-cell", "gru", "--dec-cell", "gru", "--dropout-rnn", "0.2", "--cost-type", "ce-mean-words",
            "--mini-batch", "128", "--maxi-batch", "100", "--optimizer", "adam", "--learn-rate", str(rate),
            "--clip-norm", "1", "--after-epochs", str(epochs), "--max-length", "200", "--seed", "1", "--overwrite",
            "--cpu-threads", threads], log)
    seconds = time.perf_counter() - begun
    lines = texts[1].read_text(encoding="utf-8").splitlines()
    tokens = epochs * (sum(len(line.split()) for line in lines) + len(lines))  # each line ends with </s>

    def decoded(source: Path, beam: int) -> tuple[float, list[str]]:
        output, begun = folder / "answers.txt", time.perf_counter()
        follow([str(decoder), "--models", str(model), "--vocabs", *map(str, vocabularies), "--input", str(source),
                "--output", str(output), "--beam-size", str(beam), "--normalize", "0.8", "--mini-batch", "128",
                "--maxi-batch", "100", "--maxi-batch-sort", "src", "--cpu-threads", threads], log.with_stem("decoder"))
        return time.perf_counter() - begun, output.read_text(encoding="utf-8").splitlines()

    test, first = work / "tokens" / "test.de", folder / "first.de"
    first.write_text(test.read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8")
    found = {}
    for name, beam in (("greedy", 1), ("beam", 5)):
        startup, _ = decoded(first, beam)
        whole, answers = decoded(test, beam)
        found[name] = {"seconds": max(whole - startup, 0.001), "answers": answers}
    return {"tokens_per_second": tokens / seconds, "decode": found}
