"""The settings in, one flag for each of them out, with its default and the tasks whose default differs."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
from typing import NoReturn

import tasks
from core.data import InputError
from core.settings import RunSettings, SearchSettings, Settings

GROUPS = {"text": "text to ids (fixed when a model is trained)", "model": "model (fixed when it is trained)",
          "training": "training", "run": "how training is run (changes no result)",
          "search": "searching for an answer (free at any time)"}


class Parser(argparse.ArgumentParser):
    """Errors are one line with the nearest flag, exit code 2."""

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        for word in message.split():
            word = word.rstrip(":,")
            if word.startswith("--") and word not in flags:
                near = difflib.get_close_matches(word.split("=")[0], flags, n=1, cutoff=0.5)
                message += f"; did you mean {near[0]}?" if near else ""
                break
        raise InputError(message + " (python run.py --help lists all flags)")


def add_settings(parser: Parser) -> None:
    groups = {name: parser.add_argument_group(title) for name, title in GROUPS.items()}
    for f in [f for kind in (Settings, RunSettings, SearchSettings) for f in dataclasses.fields(kind)]:
        _add(groups[f.metadata["group"]], f)


def _add(group: argparse._ArgumentGroup, f: dataclasses.Field) -> None:
    flag, kind = "--" + f.name.replace("_", "-"), type(f.default)
    others = [f"{t.name} {value}" for t in tasks.all_tasks()
              for value in [{**t.defaults, **t.search_defaults}.get(f.name)] if value is not None]
    text = f"{f.metadata['help']} (default {f.default if f.default != '' else 'none'}"
    text += "".join("; " + other for other in others) + ")"
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
    else:
        choices = f.metadata["choices"]
        shown = "|".join(filter(None, choices)) if choices else {int: "N", float: "X", str: "FILE"}[kind]
        group.add_argument(flag, type=kind, default=argparse.SUPPRESS, metavar=shown, help=text.replace("%", "%%"))
