"""themes: a theme character in, a poem about it out. Derived from the Tang poems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.data import Example
from core.tokenizer import HAN
from corpora.shared.corpus import Corpus
from corpora.tang import ORIGIN, poems

FEWEST = 100  # poems a character must be the theme of, to count as one


def load(script: str) -> Iterator[Example]:
    """Quatrains with their theme: the character with the highest TF-IDF in the poem (Spärck Jones 1972).

    A poem of eight lines gives two quatrains, its halves. Characters in fewer than 1 of 100 poems are left out, or
    every theme would be a rarity; so are those in more than 1 of 8, which are about nothing.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    whole = [p for p in poems(script) if len(p) in (4, 8) and {len(line) for line in p} in ({5}, {7})]
    tf_idf = TfidfVectorizer(analyzer="char", min_df=0.01, max_df=0.125)
    weights = tf_idf.fit_transform("".join(p) for p in whole)
    names = tf_idf.get_feature_names_out()
    themes = [names[row.indices[row.data.argmax()]] if row.nnz else "" for row in weights]
    counts = Counter(themes)
    for theme, poem in zip(themes, whole):
        if theme and counts[theme] >= FEWEST:
            for a, b, c, d in (poem[i:i + 4] for i in range(0, len(poem), 4)):
                yield Example(theme, f"{a}，{b}。{c}，{d}。", key="".join(poem))


THEMES = Corpus(
    name="themes", task="word", title="one theme character → a Tang quatrain about it",
    size="{themes}", licence="MIT", origin=ORIGIN, load=load, scripts=("simplified", "traditional"),
    exclusive=("target",))
