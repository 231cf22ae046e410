"""The tables of a race, printed and as Markdown, below the facts that it takes to repeat it."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from pathlib import Path

import torch

from benchmarks.writing_report import row_of
from tasks.shared.report import table
from tasks.shared.training import versions


def show_tables(title: str, sections: list[tuple[str, list[list[str]]]], begun: float, load: float,
                report: Path | None) -> None:
    """sections: title and grid of each; begun, load: time and load average at the start; report: Markdown file."""
    facts = [f"`{shlex.join(['python', *sys.argv])}`; "
             + ", ".join(f"{name} {version}" for name, version in versions().items()),
             f"{(time.time() - begun) / 60:.0f} minutes on {platform.processor() or platform.machine()}, "
             f"{torch.get_num_threads()} threads; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after"]
    lines = [f"# {title}", "", *(f"- {fact}" for fact in facts)]
    print("\n".join(facts))
    for name, grid in sections:
        print("\n".join(["", name, *table(grid)]))
        lines += ["", f"## {name}", "", row_of(grid[0]), "|---|" + "---:|" * (len(grid[0]) - 1), *map(row_of, grid[1:])]
    if report:
        report.write_text("\n".join(lines) + "\n", encoding="utf-8")
