"""The language of what the command line prints: English, or Chinese by the tables of chinese.py."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from core.data import InputError
from n2m.cli.chinese import LINES, MESSAGES, PHRASES

LANGUAGES = ("zh", "en")
# The values of messages that are themselves phrases to translate; all others are names, numbers and the user's text.
NESTED = {"metric", "names", "reason", "directions", "side"}
_language: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def of_environment() -> Iterator[None]:
    """Within this block, the language is that of the variable N2M_LANGUAGE, else of the locale, until it is chosen."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    of_locale = "zh" if next(filter(None, names), "").lower().startswith("zh") else "en"
    variable = os.environ.get("N2M_LANGUAGE")
    token = _language.set(variable if variable in LANGUAGES else of_locale)
    try:
        yield
    finally:
        _language.reset(token)


def choose(language: str | None) -> None:
    """Use this language; None: stay with that of the environment. Raises InputError for an unknown one."""
    for name, value in (("`language`", language), ("N2M_LANGUAGE", os.environ.get("N2M_LANGUAGE"))):
        if value and value not in LANGUAGES:
            raise InputError(f"{name} {value} is unknown; use {' or '.join(LANGUAGES)}")
    if language:
        _language.set(language)


def say(template: str, **values: Any) -> str:
    """A message of the command line, with its values put in."""
    return (LINES.get(template, template) if _language.get() == "zh" else template).format(**values)


def translated(text: str) -> str:
    """A message or phrase of the library; if it has no translation, as it is."""
    return text if _language.get() == "en" else _chinese(text)


def _chinese(text: str) -> str:
    if text in PHRASES:
        return PHRASES[text]
    for pattern, template in _patterns():
        if found := pattern.fullmatch(text):
            return template.format(**{name: _chinese(value) if name in NESTED else value
                                      for name, value in found.groupdict().items()})
    for separator, mark in (("; ", "；"), (", ", "、")):
        parts = text.split(separator)
        found_parts = [_chinese(part) for part in parts] if len(parts) > 1 else parts
        if found_parts != parts:
            return mark.join(found_parts)
    return text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """A pattern for each message, in which a value such as {name} stands for any text."""
    return [(re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(message)), re.DOTALL), template)
            for message, template in MESSAGES.items()]
