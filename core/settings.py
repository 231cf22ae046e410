"""All settings, with their defaults, limits and help texts. Loads without torch.

Flags of the command line are made from these fields, and a model directory stores them as JSON. Messages and help name
a setting in backquotes, by its field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.data import InputError
from core.options import Checked, option
from core.registry import ATTENTIONS, CELLS, TOKENIZERS

PLACEMENTS = ("before", "after")
DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True)
class Settings(Checked):
    """What is fixed once a model is trained."""

    tokenizer: str = option("characters", "text", "tokenizer", choices=TOKENIZERS)
    source_tokenizer: str = option("", "text", "source tokenizer, if different from `tokenizer`", choices=TOKENIZERS)
    lowercase: bool = option(False, "text", "lowercasing of source and target")
    min_count: int = option(1, "text", "minimum token frequency in the training split; rarer tokens become <unk>",
                            at_least=1)
    max_vocabulary: int = option(0, "text", "maximum vocabulary size, most frequent tokens first; 0: unlimited "
                                 "(subwords: 8000)", at_least=0)
    shared_vocabulary: bool = option(False, "text", "one vocabulary and one embedding for source and target, which are "
                                     "in one language or script")
    max_length: int = option(200, "text", "maximum source and target length in tokens; longer training examples are "
                             "truncated", at_least=1)
    vectors: str = option("", "text", "pretrained source embeddings in word2vec (text or binary) or fastText (.vec) "
                          "format")
    freeze_vectors: bool = option(False, "text", "no training of the embeddings loaded from `vectors`")

    cell: str = option("gru", "model", "recurrent cell of encoder and decoder", choices=CELLS)
    embedding_size: int = option(256, "model", "embedding dimension (E)", at_least=1)
    hidden_size: int = option(256, "model", "hidden state dimension (H)", at_least=1)
    encoder_size: int = option(0, "model", "hidden state dimension per encoder direction; 0: as `hidden_size`",
                               at_least=0)
    layers: int = option(1, "model", "number of recurrent layers in encoder and decoder", at_least=1)
    bidirectional: bool = option(True, "model", "bidirectional encoder")
    attention: str = option("additive", "model", "attention over the encoder states", choices=ATTENTIONS)
    placement: str = option("after", "model", "attention before (Bahdanau) or after (Luong) the state update",
                            choices=PLACEMENTS)
    tie_embeddings: bool = option(True, "model", "output projection shared with the target embedding")
    common_tokens: int = option(0, "model", "softmax of two levels: so many common tokens, and all rarer ones, which "
                                "are computed only if one of them is true; 0: one level", at_least=0)
    dropout: float = option(0.2, "model", "dropout rate", at_least=0, at_most=0.95)
    word_dropout: float = option(0.0, "model", "dropout rate of whole tokens; for 1→N, of the word's own embedding "
                                 "next to its characters", at_least=0, at_most=1)

    ngrams: int = option(0, "model", "maximum length of the n-grams of the linear classifier that N→1 has in addition "
                         "to its network (for short texts by default 2); 0: none", at_least=0, at_most=9)
    source_dropout: float = option(0.0, "model", "fraction of the sources that training replaces by an empty one, so "
                                   "that the model also learns p(output), which `search` varied needs", at_least=0,
                                   at_most=0.9)
    recurrent_dropout: float = option(0.0, "model", "dropout rate of the recurrent state, with one mask per text",
                                      at_least=0, at_most=0.95)
    layer_norm: bool = option(False, "model", "layer normalization in the recurrent cells")

    fine_tune: str = option("", "training", "trained model to start from, with its vocabularies and sizes: its "
                            "directory, or the name of one in pretrained", metavar="DIR")
    epochs: int = option(10, "training", "maximum number of passes over the training split", at_least=1)
    batch_size: int = option(64, "training", "examples per batch", at_least=1)
    batch_tokens: int = option(0, "training", "padded source and target tokens per batch, instead of `batch_size`; "
                               "0: use `batch_size`", at_least=0)
    accumulate: int = option(1, "training", "batches per update (gradient accumulation)", at_least=1)
    optimizer: str = option("adamw", "training", "optimizer", choices=("adam", "adamw"))
    learning_rate: float = option(1e-3, "training", "peak learning rate", at_least=1e-9)
    weight_decay: float = option(0.01, "training", "weight decay of adamw", at_least=0)
    schedule: str = option("cosine", "training", "learning rate schedule after the warmup",
                           choices=("constant", "cosine", "inverse-sqrt", "plateau"))
    warmup: int = option(100, "training", "length of the linear warmup in updates", at_least=0)
    max_grad_norm: float = option(1.0, "training", "maximum gradient norm; 0: no clipping", at_least=0)
    label_smoothing: float = option(0.0, "training", "label smoothing: probability mass spread over all tokens",
                                    at_least=0, at_most=0.9)
    scheduled_sampling: float = option(0.0, "training", "fraction of decoder inputs replaced by the model's own "
                                       "predictions at the end of training, rising from 0", at_least=0, at_most=1)
    average: str = option("none", "training", "weight averaging: moving average (ema), last epochs or best epochs",
                          choices=("none", "ema", "last", "best"))
    average_epochs: int = option(3, "training", "number of epochs averaged by last and best", at_least=2)
    ema_decay: float = option(0.999, "training", "decay per update of the moving average", at_least=0, at_most=0.999999)
    patience: int = option(3, "training", "epochs without a better dev loss before training stops; 0: never stops",
                           at_least=0)
    limit: int = option(0, "training", "maximum number of training examples (dev and test in proportion); 0: all",
                        at_least=0)
    precision: str = option("auto", "training", "precision of matrix products; auto: bf16 if the processor computes it "
                            "faster", choices=("auto", "fp32", "bf16"))
    seed: int = option(1, "training", "random seed", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.freeze_vectors and not self.vectors:
            raise InputError("`freeze_vectors` needs pretrained embeddings; add `vectors` FILE")


@dataclass(frozen=True)
class CorpusSettings(Checked):
    """How a corpus is read and cleaned."""

    encoding: str = option("", "corpus", "text encoding of the file; detected: UTF-8, UTF-16, GB18030, Big5",
                           metavar="NAME")
    source_column: str = option("", "corpus", "source column, as its name or its number from 1; for aligned files in a "
                                "folder, the file ending", metavar="NAME")
    target_column: str = option("", "corpus", "target (or label) column", metavar="NAME")
    normalization: str = option("nfc", "corpus", "Unicode normalization; nfkc also unifies full and half width",
                                choices=("nfc", "nfkc"))
    min_characters: int = option(1, "corpus", "minimum text length in characters; shorter pairs are rejected",
                                 at_least=1)
    max_characters: int = option(0, "corpus", "maximum text length in characters; longer pairs are rejected; "
                                 "0: unlimited", at_least=0)
    max_ratio: float = option(0.0, "corpus", "maximum length ratio of the two texts of a pair; 0: unlimited",
                              at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.max_characters < self.min_characters:
            raise InputError(f"`max_characters` {self.max_characters} is less than `min_characters` "
                             f"{self.min_characters}; no text can satisfy both")
        if 0 < self.max_ratio < 1:
            raise InputError(f"`max_ratio` {self.max_ratio:g} must be at least 1 (equal lengths), or 0 (unlimited)")
        if self.source_column and self.source_column == self.target_column:
            raise InputError(f"`source_column` {self.source_column} and `target_column` {self.target_column} are the "
                             "same; name two columns")


@dataclass(frozen=True)
class RunSettings(Checked):
    """How a training is run. None of it changes the resulting weights, except for where `time_limit` ends it."""

    device: str = option("auto", "run", "device: auto, cpu, cuda or cuda:N; auto: the GPU if there is one",
                         metavar="NAME")
    time_limit: float = option(0.0, "run", "training time limit in minutes; run the same command to resume; 0: none",
                               at_least=0)
    checkpoint_seconds: float = option(60.0, "run", "seconds between checkpoints, from which an interrupted training "
                                       "resumes; 0: after every update", at_least=0)
    log_dir: str = option("", "run", "directory for TensorBoard logs", metavar="FOLDER")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not DEVICE.fullmatch(self.device):
            raise InputError(f"`device` {self.device} is unknown; known: auto, cpu, cuda, cuda:N")


@dataclass(frozen=True)
class SearchSettings(Checked):
    """How an answer is searched for. May differ from one answer to the next."""

    search: str = option("likeliest", "search", "what is searched for: the most likely answer or, if many are right, "
                         "the best of varied samples; models trained with `source_dropout` use varied",
                         choices=("likeliest", "varied"))
    samples: int = option(32, "search", "samples per answer of `search` varied", at_least=1, at_most=10000)
    mmi_weight: float = option(0.85, "search", "weight λ of `search` varied, whose samples are ranked by "
                               "log p(answer | input) - λ log p(answer)", at_least=0, at_most=5)
    form: str = option("auto", "search", "form of verse: free, or auto, by what the input is", choices=("auto", "free"))
    rhyme: str = option("", "search", "rhyme of a poem: a group, for example 阳, or a character of it",
                        metavar="GROUP")
    tune: str = option("", "search", "tune whose form the answer has, for example 浣溪沙", metavar="NAME")
    beam: int = option(5, "search", "beam size; 1: greedy search", at_least=1, at_most=1000)
    n_best: int = option(1, "search", "number of answers per input; at most `beam`, or `samples` "
                         "of `search` varied", at_least=1)
    length_penalty: float = option(1.2, "search", "length penalty x: score = log p / length^x", at_least=0, at_most=5)
    no_repeat_ngram_size: int = option(0, "search", "never repeat an n-gram of this size; 0 disables", at_least=0)
    temperature: float = option(0.0, "search", "sampling temperature; 0 uses beam search", at_least=0)
    top_k: int = option(0, "search", "sampling from the k most likely tokens only; 0: from all", at_least=0)
    top_p: float = option(1.0, "search", "sampling from the most likely tokens with this total probability",
                          at_least=0.01, at_most=1)
    max_output: int = option(100, "search", "maximum answer length in tokens", at_least=1, at_most=10000)

    def __post_init__(self) -> None:
        super().__post_init__()
        name, most = ("samples", self.samples) if self.search == "varied" else ("beam", self.beam)
        if self.n_best > most and not self.temperature:
            raise InputError(f"`n_best` {self.n_best} is more than `{name}` {most}; raise `{name}`")
        for field in ("rhyme", "tune"):
            if self.form == "free" and getattr(self, field):
                raise InputError(f"`{field}` has no effect with `form` free; remove one of them")
        if self.search == "likeliest" and not self.temperature and (self.top_k or self.top_p < 1):
            raise InputError("`top_k` and `top_p` need sampling; add `temperature` 1 (or another value above 0)")
