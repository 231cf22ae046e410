"""What the commands of this folder share: a mistake is answered in one line, with exit code 2."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
MULTI30K = ROOT.parent / "shared" / "corpora" / "multi30k"


class Parser(argparse.ArgumentParser):
    """Wrong flags end the program with one line, which names the nearest right flag."""

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                         allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        wrong = [word for word in message.split() if word.startswith("--") and word.rstrip(":") not in flags]
        near = difflib.get_close_matches(wrong[0].split("=")[0], flags, n=1) if wrong else []
        self.exit(2, f"{self.prog}: {message}{f'; did you mean {near[0]}?' if near else ''} (--help lists all flags)\n")


def at_least(least: int, text: str) -> int:
    """A whole number for a flag, refused below `least`."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number") from None
    if number < least:
        raise argparse.ArgumentTypeError(f"{text} must be at least {least}")
    return number


def positive(text: str) -> int:
    return at_least(1, text)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a command to its exit code: 2 for what the user can correct, 130 after Ctrl-C."""
    from core.data import InputError
    name = Path(sys.argv[0]).name
    try:
        sys.exit(main() or 0)
    except InputError as error:
        sys.exit(_complain(name, " ".join(str(error).split("\n")), 2))
    except OSError as error:
        sys.exit(_complain(name, f"{error.filename or 'output'}: {error.strerror or error}", 2))
    except KeyboardInterrupt:
        sys.exit(_complain(name, "stopped", 130))


def _complain(name: str, text: str, code: int) -> int:
    print(f"{name}: {text}", file=sys.stderr)
    return code
