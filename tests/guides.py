"""Runs a page of docs/ that builds something from nothing: writes its files and runs its commands, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.copies import ROOT, copy_project

DOCS = ROOT / "docs"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Language, the last Python file named in backquotes before it, and text of each block of code."""
    text, found = (DOCS / page).read_text(encoding="utf-8"), []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        named = re.findall(r"`([\w/]+\.py)`", text[:match.start()])
        found.append((match[1], named[-1] if named else "", match[2]))
    return found


def follow(page: str, folder: Path) -> list[str]:
    """Follow the page in a fresh copy of the project in this folder. Returns what each block of commands printed."""
    copy_project(folder)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "N2M_CACHE": str(folder / "cache"), "PYTHONIOENCODING": "utf-8",
                   "PYTEST_ADDOPTS": "-n0"}
    printed = []
    for language, name, text in blocks(page):
        if language == "python":
            (folder / name).write_text(text, encoding="utf-8")
        elif language == "sh":
            ran = subprocess.run(["bash", "-euc", text], cwd=folder, env=environment, capture_output=True, text=True,
                                 timeout=400)
            assert ran.returncode == 0, f"{text}\n{ran.stdout}\n{ran.stderr}"
            printed.append(ran.stdout)
    return printed


def same_code(page: str) -> bool:
    """Whether the page and its Chinese translation have the same blocks of code."""
    return [(language, text) for language, _, text in blocks(page)] == [
        (language, text) for language, _, text in blocks(page.replace(".md", ".zh.md"))]
