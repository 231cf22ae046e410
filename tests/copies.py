"""Copies of the project, for tests that change it or put something beside it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEFT_OUT = ("__pycache__", "*.egg-info", ".*", "models", "runs", "build", "venv", "fuzz-found")


def copy_project(folder: Path) -> Path:
    """What a fresh clone holds, and nothing that commands have left in this one."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    return folder
