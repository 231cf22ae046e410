"""Every choice a run can make, with its default, its limits and its help text. Loads without torch.

The command line is made from these fields, and a model directory saves them as JSON.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from core.data import InputError
from core.old_names import FIELDS, with_new_names

if TYPE_CHECKING:
    from typing_extensions import Self

TOKENIZERS = ("characters", "words", "subwords")
CELLS = ("rnn", "gru", "lstm")
ATTENTIONS = ("none", "additive", "dot")
PLACEMENTS = ("before", "after")


def option(default: Any, group: str, help: str, *, choices: tuple[str, ...] = (),
           at_least: float | None = None, at_most: float | None = None, metavar: str = "FILE") -> Any:
    return field(default=default, metadata={
        "group": group, "help": help, "choices": choices, "at_least": at_least, "at_most": at_most,
        "metavar": metavar})


class Checked:
    """Settings that refuse impossible values as soon as they are made."""

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """Settings as a file holds them; one of version 0.1.0 may have old names. Raises TypeError for others."""
        return cls(**with_new_names(saved, FIELDS))

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]
            value, flag = getattr(self, f.name), "--" + f.name.replace("_", "-")
            choices, low, high = (f.metadata[k] for k in ("choices", "at_least", "at_most"))
            if choices and value not in choices:
                raise InputError(f"{flag} {value}: unknown; " + suggest(str(value), choices))
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"{flag} {value}: must be a finite number")
            if low is not None and value < low:
                raise InputError(f"{flag} {value}: must be at least {low}")
            if high is not None and value > high:
                raise InputError(f"{flag} {value}: must be at most {high}")


@dataclass(frozen=True)
class Settings(Checked):
    """What is fixed once a model is trained."""

    tokenizer: str = option("characters", "text", "what one token is", choices=TOKENIZERS)
    source_tokenizer: str = option("", "text", "the source's, where it differs", choices=("", *TOKENIZERS))
    lowercase: bool = option(False, "text", "lower-case the text first")
    min_count: int = option(1, "text", "leave out tokens seen fewer times than this in training", at_least=1)
    max_vocabulary: int = option(0, "text", "keep only this many of the most frequent tokens; 0 keeps all "
                                 "(subwords: 8000)", at_least=0)
    max_length: int = option(200, "text", "tokens in a source or target; longer training examples are cut", at_least=1)
    vectors: str = option("", "text", "pre-trained source embeddings, a file of word2vec (text or binary) or of "
                          "fastText (.vec)")
    freeze_vectors: bool = option(False, "text", "leave the embeddings that come from --vectors as they are")

    cell: str = option("gru", "model", "the recurrent cell of encoder and decoder", choices=CELLS)
    embedding_size: int = option(256, "model", "E, numbers in an embedding", at_least=1)
    hidden_size: int = option(256, "model", "H, numbers in a recurrent state", at_least=1)
    encoder_size: int = option(0, "model", "H of each direction of the encoder; 0: as --hidden-size", at_least=0)
    layers: int = option(1, "model", "recurrent layers in encoder and decoder", at_least=1)
    bidirectional: bool = option(True, "model", "the encoder reads in both directions")
    attention: str = option("additive", "model", "how the decoder (or the classifier) looks at the encoder states",
                            choices=ATTENTIONS)
    placement: str = option("after", "model", "attend before the state update (Bahdanau) or after it (Luong)",
                            choices=PLACEMENTS)
    tie_embeddings: bool = option(True, "model", "the output projection reuses the target embedding")
    dropout: float = option(0.2, "model", "share of values dropped in training", at_least=0, at_most=0.95)
    word_dropout: float = option(0.0, "model", "share of whole tokens hidden in training; for 1→N, how often a word "
                                 "must do with its characters alone", at_least=0, at_most=1)

    recurrent_dropout: float = option(0.0, "model", "share of a recurrent state hidden in training from the next step, "
                                      "the same numbers at every step of a text", at_least=0, at_most=0.95)
    layer_norm: bool = option(False, "model", "layer normalisation in the recurrent cells")

    epochs: int = option(10, "training", "passes over the training split", at_least=1)
    batch_size: int = option(64, "training", "examples in one batch", at_least=1)
    batch_tokens: int = option(0, "training", "instead: padded tokens in one batch, source and target; 0 counts "
                               "examples", at_least=0)
    accumulate: int = option(1, "training", "batches whose gradients are summed for one update", at_least=1)
    optimizer: str = option("adamw", "training", "adam or adamw", choices=("adam", "adamw"))
    learning_rate: float = option(1e-3, "training", "at its highest", at_least=1e-9)
    weight_decay: float = option(0.01, "training", "of adamw", at_least=0)
    schedule: str = option("cosine", "training", "how the learning rate goes after the warm-up",
                           choices=("constant", "cosine", "inverse-sqrt", "plateau"))
    warmup: int = option(100, "training", "updates over which the learning rate rises from 0", at_least=0)
    max_grad_norm: float = option(1.0, "training", "largest norm of the gradient; 0 never clips", at_least=0)
    label_smoothing: float = option(0.0, "training", "share of probability taught for all other tokens",
                                    at_least=0, at_most=0.9)
    scheduled_sampling: float = option(0.0, "training", "share of the decoder's inputs that are its own guesses at the "
                                       "end of training, rising from 0", at_least=0, at_most=1)
    average: str = option("none", "training", "answer with an average of the weights: a moving one (ema), or that of "
                          "the last or the best epochs", choices=("none", "ema", "last", "best"))
    average_epochs: int = option(3, "training", "epochs in the average of the last or best", at_least=2)
    ema_decay: float = option(0.999, "training", "of the moving average, for each update", at_least=0, at_most=0.999999)
    patience: int = option(3, "training", "stop after this many epochs without a better dev loss; 0 never",
                           at_least=0)
    limit: int = option(0, "training", "use only this many training examples (dev and test in proportion); 0 uses all",
                        at_least=0)
    precision: str = option("auto", "training", "bf16 multiplies matrices with 16 bits; auto takes it where a short "
                            "trial shows it to be faster", choices=("auto", "fp32", "bf16"))
    seed: int = option(1, "training", "same seed, same numbers", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.freeze_vectors and not self.vectors:
            raise InputError("--freeze-vectors: there are none to freeze; add --vectors FILE")


@dataclass(frozen=True)
class CorpusSettings(Checked):
    """How a corpus is read and cleaned."""

    encoding: str = option("", "corpus", "of a file; recognised: UTF-8, UTF-16, GB18030, Big5", metavar="NAME")
    source_column: str = option("", "corpus", "where the source is: a column's name, or its number from 1; of aligned "
                                "files in a folder, the ending", metavar="NAME")
    target_column: str = option("", "corpus", "where the target (or label) is", metavar="NAME")
    normalization: str = option("nfc", "corpus", "Unicode form; nfkc makes one of full and half width",
                                choices=("nfc", "nfkc"))
    min_characters: int = option(1, "corpus", "leave out pairs with a shorter text", at_least=1)
    max_characters: int = option(0, "corpus", "leave out pairs with a longer text; 0 keeps all", at_least=0)
    max_ratio: float = option(0.0, "corpus", "leave out pairs of which one text is so many times as long as the "
                              "other; 0 keeps all", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.max_characters < self.min_characters:
            raise InputError(f"--max-characters {self.max_characters}: is less than --min-characters "
                             f"{self.min_characters}; nothing would be left")
        if 0 < self.max_ratio < 1:
            raise InputError(f"--max-ratio {self.max_ratio:g}: must be at least 1 (texts of one length), or 0 "
                             "(all)")
        if self.source_column and self.source_column == self.target_column:
            raise InputError(f"--source-column {self.source_column} and --target-column {self.target_column}: are one; "
                             "a pair has two")


@dataclass(frozen=True)
class RunSettings(Checked):
    """How a training is run: none of it changes the weights that come out, but where --time-limit ends it."""

    time_limit: float = option(0.0, "run", "minutes after which training stops; the same command goes on with it; "
                               "0: none", at_least=0)
    checkpoint_seconds: float = option(60.0, "run", "between two checkpoints, from which a killed training resumes; "
                                       "0: after every update", at_least=0)
    log_dir: str = option("", "run", "write TensorBoard logs there", metavar="FOLDER")


@dataclass(frozen=True)
class SearchSettings(Checked):
    """How an answer is searched for; may differ from one answer to the next."""

    beam: int = option(5, "search", "hypotheses kept; 1 is greedy", at_least=1, at_most=1000)
    n_best: int = option(1, "search", "answers shown for each input (at most --beam)", at_least=1)
    length_penalty: float = option(0.8, "search", "a hypothesis scores log p / length to this power", at_least=0,
                                   at_most=5)
    no_repeat_ngram_size: int = option(0, "search", "never repeat an n-gram of this size; 0 disables",
                                       at_least=0)
    temperature: float = option(0.0, "search", "above 0: sample, the higher the freer; 0 searches", at_least=0)
    top_k: int = option(0, "search", "sample among the k likeliest tokens; 0 among all", at_least=0)
    top_p: float = option(1.0, "search", "sample among the likeliest tokens that hold this probability",
                          at_least=0.01, at_most=1)
    max_output: int = option(100, "search", "tokens in an answer, at most", at_least=1, at_most=10000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_best > self.beam and not self.temperature:
            raise InputError(f"--n-best {self.n_best}: more than --beam {self.beam}; raise --beam")
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise InputError("--top-k and --top-p choose among samples; add --temperature 1 (or another above 0)")


def suggest(name: str, known: tuple[str, ...] | list[str]) -> str:
    """The nearest known name, and all of them.

    >>> suggest("gruu", ["rnn", "gru"])
    'did you mean gru? Known: rnn, gru'
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return (f"did you mean {near[0]}? " if near else "") + "Known: " + ", ".join(known)
