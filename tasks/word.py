"""1→N: one character or word in, a text out. embedding → c → decoder."""

from __future__ import annotations

from core.data import Example, InputError
from tasks.shared.task import Task, need_text


class Word(Task):
    name = "word"
    sizes = "1→N"
    title = "word to text"
    order = 1
    default_corpus = "themes"
    parts = ("embedding", "decoder")
    defaults = {"attention": "none", "word_dropout": 0.2}
    search_defaults = {"max_output": 80, "no_repeat_ngram_size": 2}

    def codecs(self, settings, sources, targets):
        """The source is one unit: the word and, beside it, its characters. Only the target is cut into tokens."""
        from core.text import Codec
        return (Codec.from_texts("word and characters", sources, settings.lowercase),
                Codec.from_texts(settings.tokenizer, targets, settings.lowercase, settings.min_count,
                            settings.max_vocabulary))

    def build(self, settings, source, target):
        """No recurrence for one unit: its embedding is c, and the decoder starts from it."""
        from core.models import Seq2Seq, make_decoder, make_lookup
        lookup = make_lookup(settings, len(source))
        return Seq2Seq(lookup, make_decoder(settings, len(target), lookup.memory_size))

    def read_input(self, text, settings):
        word = need_text(text, "one character or word").strip()
        if len(word.split()) > 1 or len(word) > 30:
            raise InputError(f"the input {word[:20]!r} is more than one word; this task takes one character or word")
        return Example(word, "")

    def evaluate(self, model, train, dev, test, search):
        """Texts about a theme are judged by perplexity and by whether the theme shows; glosses by chrF."""
        import numpy as np

        from tasks.shared import evaluation
        words = np.fromiter((hash(e.source) for e in train), dtype=np.int64, count=len(train))
        themes = len(np.unique(words)) * 3 < len(train)  # the same word with many texts
        judge = evaluation.evaluate_themes if themes else evaluation.evaluate_pairs
        return judge(model, train, dev, test, search)
