"""A trained model as ONNX files: encoder and decoder step, or a classifier, with what is needed to decode with them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.data import InputError
from core.models import Classifier, Seq2Seq
from core.vocabulary import BOS, PAD, SPECIALS
from corpora.shared.messages import single_line
from n2m.export.data import codec_data
from n2m.export.graphs import ClassifierGraph, DecoderGraph, EncoderGraph
from n2m.model import Model

OPSET = 17
PACKAGES = ("onnx", "onnxruntime")
EXAMPLE = Path(__file__).with_name("decode.py.txt")
TOLERANCE = 1e-4
DYNAMIC = {0: "batch", 1: "length"}  # of a source: every other first dimension is the batch
STATES = ("states", "mask", "keys")


def check(folder: Path) -> None:
    """Raises InputError if a package is missing, or the folder cannot be made."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"`onnx` needs {' and '.join(missing)}; "
                         "install with pip install -c constraints.txt -e '.[onnx]'")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"`onnx` {folder} exists and is not an empty directory; choose another one")
    if not folder.parent.is_dir():
        raise InputError(f"`onnx` {folder}: the directory above it does not exist; create it, or choose another one")


def write_onnx(folder: Path, model: Model) -> float:
    """Write the files into a new directory, complete or not there, and compare what onnxruntime makes of them with
    PyTorch. Returns the largest difference of a log probability, of labels of a logit. Raises InputError for a
    directory that cannot be made and for files that differ, and OSError."""
    check(folder)
    network = model.text_model.network
    if type(network) not in (Seq2Seq, Classifier):
        raise InputError(f"`onnx` does not know the network of the task {model.task.name}; it exports encoders with a "
                         "decoder, and classifiers")
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        difference = write_classifier(new, network) if isinstance(network, Classifier) else write_seq2seq(new, network)
        if not difference <= TOLERANCE:
            raise InputError(f"`onnx`: the numbers of the files differ from PyTorch's by {difference:.2g}; use another "
                             "version of torch or onnxruntime")
        write_rest(new, model)
        new.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return difference


def write_rest(folder: Path, model: Model) -> None:
    """Vocabularies, settings and the example."""
    own = model.text_model
    search = own.task.search_settings({"beam": 1}, own.settings)
    config = {"task": own.task.name, "specials": SPECIALS, "max_length": own.settings.max_length,
              "max_output": search.max_output, "source": codec_data(own.source), "target": codec_data(own.target)}
    (folder / "model.json").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    shutil.copyfile(EXAMPLE, folder / "decode.py")


# the graphs, each compared with PyTorch on sources of several sizes


def sources(vocabulary: int) -> list[tuple[Tensor, Tensor]]:
    """Random ids of several batch sizes and lengths, the first one the example for the trace."""
    random = torch.Generator().manual_seed(1)
    found = []
    for B, S in ((2, 5), (1, 1), (3, 9)):
        lengths = torch.randint(1, S + 1, (B,), generator=random)
        lengths[0] = S
        ids = torch.randint(len(SPECIALS), max(vocabulary, len(SPECIALS) + 1), (B, S), generator=random)
        found.append((ids.masked_fill(torch.arange(S) >= lengths[:, None], PAD), lengths))
    return found


def write_seq2seq(folder: Path, network: Seq2Seq) -> float:
    encoder, decoder = EncoderGraph(network).eval(), DecoderGraph(network).eval()
    examples = sources(network.encoder.embedding.num_embeddings)
    with torch.no_grad():
        outputs = encoder(*examples[0])
    attends = network.decoder.attention is not None
    state = [f"s{k}" for k in range(network.decoder.stack.state_tensors)]
    memory = [*STATES[:2 + attends], "c"]
    after = ["log_p", *["weights"] * attends, *(f"new_{name}" for name in state)]
    start = torch.full((2,), BOS)
    run_encoder = export(folder / "encoder.onnx", encoder, examples[0], ["source", "lengths"], [*memory, *state])
    run_step = export(folder / "decoder_step.onnx", decoder, (start, *outputs), ["y", *memory, *state], after)
    difference = 0.0
    for ids, lengths in examples:
        with torch.no_grad():
            expected = encoder(ids, lengths)
            found = run_encoder(ids, lengths)
            y = torch.full((len(ids),), BOS)
            for _ in range(3):
                (log_p, *rest), (log_q, *others) = decoder(y, *expected), run_step(y, *found)
                difference = max(difference, float((log_p - log_q).abs().max()))
                expected = (*expected[:len(memory)], *rest[attends:])
                found = [*found[:len(memory)], *others[attends:]]
                y = log_p.argmax(dim=-1)
    return difference


def write_classifier(folder: Path, network: Classifier) -> float:
    graph = ClassifierGraph(network).eval()
    examples = sources(network.encoder.embedding.num_embeddings)
    outputs = ["logits", *["weights"] * (network.pooling is not None)]
    if network.ngrams:  # their hash has no ONNX operators; decode.py computes them with numpy
        arrays: dict[str, Any] = {name: p.detach().cpu().numpy() for name, p in network.ngrams.named_parameters()}
        np.savez_compressed(folder / "ngrams.npz", longest=network.ngrams.longest, **arrays)
    run = export(folder / "classifier.onnx", graph, examples[0], ["source", "lengths"], outputs)
    with torch.no_grad():
        return max(float((graph(ids, lengths)[0] - run(ids, lengths)[0]).abs().max()) for ids, lengths in examples)


def export(path: Path, graph: nn.Module, example: Sequence[Tensor], inputs: list[str],
           outputs: list[str]) -> Callable[..., list[Tensor]]:
    """Write the graph. Returns a function that computes it with onnxruntime."""
    import onnxruntime
    long = {"source", "weights", *STATES}
    axes = {name: DYNAMIC if name in long else {0: "batch"} for name in [*inputs, *outputs]}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of values that are the same for every input, and of newer ways
        # The exporter by tracing: the newer one cannot leave the length of a recurrent layer open.
        try:
            traced = torch.jit.trace(graph, tuple(example), check_trace=False)
            torch.onnx.export(traced, tuple(example), str(path), dynamo=False, opset_version=OPSET, input_names=inputs,
                              output_names=outputs, dynamic_axes=axes)
        except RuntimeError as error:
            raise InputError(f"`onnx`: this version of torch cannot export {path.stem} ({single_line(error)}); use "
                             "another version") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    needed = {one.name for one in session.get_inputs()}  # without attention, for example, no states

    def run(*values: Tensor) -> list[Tensor]:
        fed = {name: value.numpy() for name, value in zip(inputs, values) if name in needed}
        found: list[np.ndarray] = session.run(None, fed)
        return [torch.from_numpy(value) for value in found]

    return run
