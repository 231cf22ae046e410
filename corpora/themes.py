"""themes, and themes-tang-song: theme characters and words → Tang poems, and Song poems, about them."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from core.data import Example
from corpora.fetch.download import versions_of
from corpora.shared.corpus import Corpus
from corpora.tang import ABOUT, SUMS, all_versions, load_both, works

# Possible themes of a poem; by TF-IDF alone, words like 悠, 处 or 似 would win.
SUBJECTS = ("日月星云风雨雪霜露烟霞雷虹冰春夏秋冬晨暮夜山峰岭谷溪江河湖海潮泉池塘渡桥路关塞边沙漠城楼台阁亭宫殿寺塔钟"
            "门窗帘灯烛镜琴笛箫鼓棋书剑弓马牛羊犬虎龙凤鹤雁鹰莺燕鸥鹭蝉蝶萤鱼花草竹松柳梅兰菊莲荷桃李杏桐枫桑麻苔叶"
            "茶酒诗画梦愁泪别客僧仙王军兵农渔樵舟帆车衣锦玉金珠")
FEWEST = 60  # poems per theme, and per word of a title
COMMON = {"tang": 20, "song": 100}  # quatrains per word of a quatrain
SECOND = 0.6  # of the weight of a quatrain's first theme: what a second one must have
NO_SUBJECT = re.compile(  # words of titles that say how many, of what form, at whose wish, or to which official
    "[首一二三四五六七八九十其韵]|奉[和酬答送]|应制|应教|题拟|并序|曲辞|和歌|绝句|拾遗|补阙|明府|著作|主簿|长句|诗卷|赋诗|口号|颂古|百咏|帖子|"
    "即事|书事|戏作|有作|因成|偶[成书作题]|走笔|留题|寄题|再[次用]|复[次用]|之[什句作]|见[示赠]|[以因]此|所以|因[以书赋次]|挽[词诗辞章]|"
    "郎中|员外|使君|相公|秀才|中丞|少府|侍郎|侍御|舍人|判官|尚书|大夫|先辈|司马|录事|参军|评事|校书|太守|刺史|司空|仆射|学士|博士|司徒|丞相|"
    "参政|待制|通判|提[刑举干]|[知运]使|知[府县]|教授|推官|签判|先生|诸[公友君]|同年|长老|居士|禅师|[大太]师|夫人|乐天|令狐|皇甫|欧阳|送[程王张]")


def load(dynasty: str, script: str) -> Iterator[Example]:
    """Quatrains with their theme: of its subjects, the one with the highest TF-IDF (Spärck Jones 1972).

    A poem of eight lines gives two quatrains, its halves, with a theme each. If a second subject is nearly as strong,
    the quatrain comes again with both (月江). It also comes again with each common word of its poem's title (江南) and
    with one word of its own (相思). A model reads the characters of these words too, so it can be asked for nearly any
    character or word of the poems, not for the subjects alone.
    """
    subjects = SUBJECTS
    if script == "traditional":
        from opencc import OpenCC
        subjects = OpenCC("s2t").convert(SUBJECTS) + "峰"  # OpenCC writes 峯, most of the poems 峰
    whole = [w for w in works(SUMS[dynasty], "quantangshi", "t2s" if script == "simplified" else "")
             if len(w["lines"]) in (4, 8) and {len(line) for line in w["lines"]} in ({5}, {7})]
    words = title_words([w["title"] for w in whole])
    quatrains = [(w["lines"][i:i + 4], "".join(w["lines"]), found)
                 for w, found in zip(whole, words) for i in range(0, len(w["lines"]), 4)]
    themes = [strongest(row, subjects) for row in tf_idf(["".join(lines) for lines, _, _ in quatrains], subjects)]
    counts = Counter(found[0] for found in themes if found)
    own = rarest_words([lines for lines, _, _ in quatrains], COMMON[dynasty])
    for found, ((a, b, c, d), poem, titled), word in zip(themes, quatrains, own):
        if found and counts[found[0]] >= FEWEST:
            for source in dict.fromkeys([found[0], "".join(found), *titled, *word]):
                yield Example(source, f"{a}，{b}。{c}，{d}。", key=poem)


def tf_idf(texts: Sequence[str], subjects: str) -> Iterator[dict[str, float]]:
    """For each text its subjects with their weights."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    vectorizer = TfidfVectorizer(analyzer="char", vocabulary=sorted(set(subjects)))
    weights = vectorizer.fit_transform(texts)
    names = vectorizer.get_feature_names_out()
    return (dict(zip(names[row.indices], row.data)) for row in weights)


def strongest(weights: dict[str, float], subjects: str) -> list[str]:
    """The first theme and, where it is nearly as strong, the second one; none in a text without a subject."""
    order = sorted(weights, key=lambda c: (-weights[c], c))[:2]
    return [c for c in order if weights[c] >= SECOND * weights[order[0]]]


def title_words(titles: Sequence[str]) -> list[list[str]]:
    """Of each title the words of two characters that are in many titles: 江南, 秋夜, 送别."""
    import jieba
    jieba.setLogLevel(logging.WARNING)
    cut = [[w for w in dict.fromkeys(jieba.cut(title)) if len(w) == 2 and w.isalpha() and not NO_SUBJECT.search(w)]
           for title in titles]
    counts = Counter(word for words in cut for word in words)
    return [[w for w in words if counts[w] >= FEWEST] for words in cut]


def rarest_words(poems: Sequence[Sequence[str]], fewest: int) -> list[list[str]]:
    """Of each poem the rarest of its words of two characters that `fewest` poems have at least (相思), or none.

    A line is read in pairs, with three characters at its end (床前｜明月光) that are a pair and one, or one and a pair.
    A pair is a word if jieba's dictionary has it. The rarest says most about a poem: 不知 and 何处 are in very many.
    """
    import jieba
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    pairs = [sorted({line[i:i + 2] for line in lines for i in (*range(0, len(line) - 2, 2), len(line) - 2)})
             for lines in poems]
    counts = Counter(pair for found in pairs for pair in found)
    words = {pair for pair, n in counts.items() if n >= fewest and jieba.get_FREQ(pair)}
    return [sorted(words.intersection(found), key=lambda w: (counts[w], w))[:1] for found in pairs]


def version(*dynasties: str) -> str:
    return all_versions(*(SUMS[dynasty] for dynasty in dynasties)) + versions_of("jieba")()


def about_themes(name: str, title: str, size: str, min_count: int, read: Callable[[str], Iterator[Example]],
                 *dynasties: str) -> Corpus:
    return Corpus(
        name=name, task="word", title=f"a theme (one character or two, or a word) → {title}", size=size, load=read,
        scripts=("simplified", "traditional"), disjoint_fields=("target",), version=partial(version, *dynasties),
        suggested={"epochs": 1, "learning_rate": 2e-3, "dropout": 0.1, "min_count": min_count, "source_dropout": 0.1},
        **ABOUT)


THEMES = about_themes("themes", "a Tang quatrain about it", "181,000 pairs, of 58,260 quatrains on 128 themes and "
                      "10,700 words", 5, partial(load, "tang"), "tang")
BOTH = about_themes("themes-tang-song", "a Tang quatrain about it; to train on, Song quatrains too, marked 宋",
                    "1,068,000 pairs, of 333,000 quatrains", 20, partial(load_both, load), "tang",
                    "song")
