"""A small mirror of every corpus that is downloaded: made-up texts, in the names and formats of the real ones.

A new corpus that is downloaded gets its sample here, and the contract tests then run it.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import random
import zipfile
from pathlib import Path

from corpora import ag_news, ci, classical, couplets, iwslt, multi30k, tang

COUNT = 240  # examples of each
PARTS = ["train"] * 17 + ["dev"] + ["test"] * 2  # of twenty


def sentences(words: list[str], count: int = COUNT, divider: str = " ") -> list[str]:
    """So many different ones, of words divided by |."""
    found = [divider.join(chosen) for chosen in itertools.product(*(w.split("|") for w in words))]
    random.Random(1).shuffle(found)
    assert len(found) >= count and len(set(found)) == len(found)
    return found[:count]


ENGLISH = sentences(["the|a|my|our|one", "red|old|small|quiet|new|warm", "house|ship|garden|book|dog",
                     "sleeps|waits|sings"])
FOREIGN = sentences(["das|ein|mein|unser|kein", "rote|alte|kleine|stille", "Haus|Schiff|Buch|Tier",
                     "wartet|ruht|singt|da"])
CHINESE = sentences(["我|你|他|她|谁", "今天|昨天|明天", "在家|在学校|在山上|在船上", "看书|唱歌|喝茶|写信|睡觉"],
                    divider="")
FIVE = sentences(["春|秋|夜|晓|暮", "风|雨|云|月|烟|霜", "过|照|入|随", "江|山|古|荒|寒|孤", "亭|村|城|舟|桥"],
                 3000, divider="")
SEVEN = sentences(["长|平|孤|远", "江|野|帆|岸", "落|入|照", "日|月|云|雁", "过|向|随", "千|万|寒|空",
                   "山|村|城|舟"], 3000, divider="")


def poems(lines: list[str], count: int) -> list[dict]:
    four = [lines[4 * i:4 * i + 4] for i in range(count)]
    return [{"author": "无名氏", "rhythmic": "浣溪沙" if i % 2 else "望江南・忆江南", "title": "无题",
             "paragraphs": [f"{a}，{b}。", f"{c}，{d}。"]} for i, (a, b, c, d) in enumerate(four)]


def put(mirror: Path) -> None:
    """Write all samples into this folder."""
    def write(name: str, data: str | bytes) -> None:
        (mirror / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror / name).write_bytes(data.encode() if isinstance(data, str) else data)

    for sums in (*tang.SUMS.values(), ci.SUMS):
        for i, file in enumerate(sums.read_text(encoding="utf-8").split()[1::2]):
            some = poems(FIVE, 500) + poems(SEVEN, 500) if i == 0 else []
            write(f"chinese-poetry-2.0.1/{file}", json.dumps(some, ensure_ascii=False))
    split = {part: [i for i in range(COUNT) if PARTS[i % 20] == part] for part in ("train", "dev", "test")}
    for part, name in multi30k.SPLITS.items():
        for code in multi30k.SUMS:
            texts = ENGLISH if code == "en" else FOREIGN
            write(f"multi30k/{name}.{code}.gz", gzip.compress("".join(f"{texts[i]}\n" for i in split[part]).encode()))
    for part, name in iwslt.SPLITS.items():
        for code, texts in (("en", ENGLISH), ("vi", FOREIGN)):
            write(f"iwslt15-en-vi/{name}.{code}", "".join(f"{texts[i]}\n" for i in split[part]))
    for code, short in (("cmn", "zh"), ("jpn", "ja"), ("fra", "fr"), ("deu", "de"), ("spa", "es")):
        texts = CHINESE if short in ("zh", "ja") else FOREIGN
        write(f"tatoeba-{short}-en/{code}.txt", "".join(
            f"{a}\t{b}" + "\tCC-BY 2.0 (France) Attribution: tatoeba.org #1 (somebody)" * (i % 2) + "\n"
            for i, (a, b) in enumerate(zip(ENGLISH, texts))))
    for part in ("train", "test"):
        write(f"ag-news/{part}.csv", "".join(
            f'"{i % len(ag_news.TOPICS) + 1}","A ""{ENGLISH[i]}""","one, two\\three"\n' for i in split[part]))
    write("thucnews-titles/class.txt", "finance\nrealty\nstocks")
    for part, titles in (("train", FIVE[:2500]), ("dev", CHINESE), ("test", SEVEN[:COUNT])):
        write(f"thucnews-titles/{part}.txt", "".join(f"{title}\t{i % 3}\n" for i, title in enumerate(titles)))
    write("chnsenticorp/train.tsv", "label\ttext_a\n" + "".join(f"{i % 2}\t{CHINESE[i]}\n" for i in range(COUNT)[20:]))
    write("chnsenticorp/dev.tsv", "qid\tlabel\ttext_a\n" + "".join(f"{i}\t{i % 2}\t{CHINESE[i]}\n" for i in range(20)))
    write(f"couplets/{couplets.NAME}", "".join(f"{a}；\t=>\t{b}。\n" for a, b in zip(FIVE[:COUNT], FIVE[COUNT:])))
    for part in ("train", "dev", "test"):
        for side, texts in (("src", SEVEN), ("tgt", SEVEN[COUNT:])):
            write(f"couplets-large/{part}_{side}.tsv", "".join("\2".join(texts[i]) + "\n" for i in split[part]))
    write("cornell-movie-dialogs/movie_lines.txt", "".join(
        f"L{i} +++$+++ u0 +++$+++ m0 +++$+++ SOMEBODY +++$+++ {text}\n" for i, text in enumerate(ENGLISH)))
    write("cornell-movie-dialogs/movie_conversations.txt", "".join(
        f"u0 +++$+++ u2 +++$+++ m0 +++$+++ ['L{i}', 'L{i + 1}', 'L{i + 2}']\n" for i in range(0, COUNT - 3, 3)))
    write(f"classical/{classical.ARCHIVE}", a_zip({
        f"Classical-Modern-{classical.COMMIT}/双语数据/某书/第{chapter}篇/{side}.txt":
        "".join(f"{text}\n" for text in texts[40 * chapter:40 * chapter + 40])
        for chapter in range(6) for side, texts in (("source", FIVE), ("target", CHINESE))}))


def a_zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()
