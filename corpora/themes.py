"""themes: theme characters → Tang poems about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from core.data import Example
from corpora.shared.corpus import Corpus
from corpora.tang import ABOUT, SUMS, poems, poetry_version

# Possible themes of a poem; by TF-IDF alone, words like 悠, 处 or 似 would win.
SUBJECTS = ("日月星云风雨雪霜露烟霞雷虹冰春夏秋冬晨暮夜山峰岭谷溪江河湖海潮泉池塘渡桥路关塞边沙漠城楼台阁亭宫殿寺塔钟"
            "门窗帘灯烛镜琴笛箫鼓棋书剑弓马牛羊犬虎龙凤鹤雁鹰莺燕鸥鹭蝉蝶萤鱼花草竹松柳梅兰菊莲荷桃李杏桐枫桑麻苔叶"
            "茶酒诗画梦愁泪别客僧仙王军兵农渔樵舟帆车衣锦玉金珠")
FEWEST = 60  # poems per theme


def load(script: str) -> Iterator[Example]:
    """Quatrains with their theme: of its subjects, the one with the highest TF-IDF (Spärck Jones 1972).

    A poem of eight lines gives two quatrains, its halves, with a theme each.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    subjects = SUBJECTS
    if script == "traditional":
        from opencc import OpenCC
        subjects = OpenCC("s2t").convert(SUBJECTS) + "峰"  # OpenCC writes 峯, most of the poems 峰
    whole = [p for p in poems("tang", script) if len(p) in (4, 8) and {len(line) for line in p} in ({5}, {7})]
    quatrains = [(p[i:i + 4], "".join(p)) for p in whole for i in range(0, len(p), 4)]
    tf_idf = TfidfVectorizer(analyzer="char", vocabulary=sorted(set(subjects)))
    weights = tf_idf.fit_transform("".join(lines) for lines, _ in quatrains)
    names = tf_idf.get_feature_names_out()
    themes = [names[row.indices[row.data.argmax()]] if row.nnz else "" for row in weights]
    counts = Counter(themes)
    for theme, ((a, b, c, d), poem) in zip(themes, quatrains):
        if theme and counts[theme] >= FEWEST:
            yield Example(theme, f"{a}，{b}。{c}，{d}。", key=poem)


THEMES = Corpus(
    name="themes", task="word", title="one theme character → a Tang quatrain about it",
    size="58,260 quatrains on 128 themes", load=load,
    scripts=("simplified", "traditional"), disjoint_fields=("target",), version=partial(poetry_version, SUMS["tang"]),
    suggested={"epochs": 4, "learning_rate": 2e-3, "dropout": 0.1, "min_count": 2}, **ABOUT)
