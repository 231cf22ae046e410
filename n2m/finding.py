"""Finding trained models: those that come with n2m, and one to fine-tune."""

from __future__ import annotations

from pathlib import Path

from core import checkpoint
from core.data import InputError
from n2m.model import Model, load

PRETRAINED = Path(__file__).resolve().parents[1] / "pretrained"


def pretrained(task: str, corpus: str = "") -> Path | None:
    """The directory of the trained model of this task that comes with n2m; corpus: of this one. None without one."""
    folders = (f for f in (PRETRAINED / f"{task}-{corpus}", PRETRAINED / task) if checkpoint.is_model(f))
    return next((f for f in folders if corpus in ("", corpus_of(f))), None)


def corpus_of(folder: Path) -> str:
    """The name of the corpus that the model of a directory was trained on."""
    return checkpoint.read(folder)["training"].get("corpus", {}).get("name", "")


def model_to_fine_tune(given: str) -> Model:
    """The model of a directory, or of a name in `pretrained`. Raises InputError if there is none."""
    folder = next((f for f in (Path(given), PRETRAINED / Path(given).name) if checkpoint.is_model(f)), None)
    if not folder:
        known = ", ".join(sorted(f.name for f in PRETRAINED.iterdir() if checkpoint.is_model(f)))
        raise InputError(f"`fine_tune` {given or '(empty)'} is not the directory of a trained model; pretrained "
                         f"models: {known}")
    return load(folder, device="cpu")
