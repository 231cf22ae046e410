"""A tiny model of poems with a vocabulary in which every form can be kept."""

import torch

import tasks
from core.data import Example
from core.events import listening
from tasks.shared.prosody import rhymes
from tasks.shared.training import create

torch.set_num_threads(1)
POEM = tasks.find("poem")
RHYMES = ["东空红中风同宫翁", "光霜阳长乡香黄芳", "秋流楼舟愁留州游", "山间还闲关湾颜攀", "天眠船年前边烟泉"]
OBLIQUE = "月水雨雪夜柳草影日落鸟石路梦客酒树叶远早落暮野静起坐望白古旧尽处入照晓露淡"
LINES = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼", "两个黄鹂鸣翠柳", "一行白鹭上青天", "窗含西岭千秋雪"]


def poems(**options):
    """An untrained model that has read these characters."""
    settings = POEM.settings({}, {"embedding_size": 6, "hidden_size": 9, "max_length": 60, "min_count": 1,
                                  "source_dropout": 0.1, **options})
    texts = [*RHYMES, OBLIQUE[:20], OBLIQUE[20:], *LINES]
    model = create(POEM, settings, [Example(text, text, (text,)) for text in texts])
    for p in model.network.parameters():
        p.data.mul_(3)  # so that it has an opinion
    return model


def notes_of(work):
    """What a call returns and the notes it makes."""
    notes = []
    with listening(note=notes.append):
        return work(), notes


def lines_of(text):
    return text.replace("。", "，").strip("，").split("，")


def repeated(text):
    """The characters that come twice but not side by side."""
    single = [c for place, c in enumerate(text) if place == 0 or text[place - 1] != c]
    return {c for c in single if single.count(c) > 1}


def all_rhyme(words):
    return all(rhymes(a, b) for a in words for b in words if a != b) and len(set(words)) == len(words)
