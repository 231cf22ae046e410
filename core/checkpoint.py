"""A model directory: weights as safetensors, everything else as readable JSON, written aside and then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from core.data import InputError
from core.old_names import with_new_parameter_names

WEIGHTS, MANIFEST = "weights.safetensors", "model.json"
FORMAT = 1


def save(directory: Path, model: nn.Module, parts: dict[str, dict]) -> None:
    """Write the weights and one JSON file for each entry of `parts`; replace what stood there in one go.

    Until the new folder is complete the old one is not touched. Raises InputError where the disk refuses.
    """
    new = _aside(directory)
    try:
        weights = {k: v.detach().cpu().contiguous().clone() for k, v in model.state_dict().items()}
        for shared in set(weights) - {name for name, _ in model.named_parameters()}:
            del weights[shared]  # a tied table is stored once
        save_file(weights, new / WEIGHTS)
        for name, content in parts.items():
            write_json(new / f"{name}.json", content)
        files = sorted(p.name for p in new.iterdir())
        write_json(new / MANIFEST, {"format": FORMAT, "sha256": {name: _digest(new / name) for name in files}})
        os.chmod(new, 0o755)
        os.chmod(new / WEIGHTS, 0o644)  # as the JSON beside it: a model may be shared
        _replace(recover(directory), new)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{directory}: could not be written ({reason}); what was saved before is untouched") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def check(directory: Path) -> None:
    """Raise InputError unless a model can be saved there."""
    shutil.rmtree(_aside(directory))


def _aside(directory: Path) -> Path:
    """A new folder beside the directory, to write in."""
    real = recover(directory)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        if real.exists() and not is_model(real) and any(real.iterdir()):
            raise InputError(f"{directory}: holds files that are not a model, and will not be replaced; "
                             "choose another --model-dir")
        return Path(tempfile.mkdtemp(prefix=f".{real.name}.", dir=real.parent))
    except OSError as error:
        raise InputError(f"{directory}: cannot write there ({error.strerror}); choose another --model-dir") from None


def _replace(real: Path, new: Path) -> None:
    """The new folder in place of the old one, which stays until the new one is there."""
    old = _old(real)
    shutil.rmtree(old, ignore_errors=True)
    if real.exists():
        os.rename(real, old)
    try:
        os.rename(new, real)
    finally:
        recover(real)
    shutil.rmtree(old, ignore_errors=True)


def _old(real: Path) -> Path:
    return real.parent / f".{real.name}.old"


def is_model(directory: Path) -> bool:
    return (recover(directory) / MANIFEST).is_file()


def recover(directory: Path) -> Path:
    """Finish a save that died between its two renames: bring the old folder back. Returns the folder itself, whatever
    links lead to it."""
    real = Path(os.path.realpath(directory))
    if not real.exists() and _old(real).is_dir():
        os.rename(_old(real), real)
    return real


def read(directory: Path) -> dict[str, dict]:
    """The JSON parts of a model directory, after checking that every file is what was saved."""
    recover(directory)
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"{directory}: no model there; train one first, or name its folder with --model-dir")
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        digests, version = dict(manifest["sha256"]), manifest["format"]
    except FileNotFoundError:
        raise InputError(f"{directory}: not a model folder ({MANIFEST} is missing); "
                         "name a folder that this program wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory}/{MANIFEST}: damaged ({error}); train again with --retrain") from None
    if version != FORMAT:
        raise InputError(f"{directory}: saved in format {version!r}, this version reads format {FORMAT}; "
                         "train again with --retrain")
    for name, digest in digests.items():
        if not (directory / name).is_file() or _digest(directory / name) != digest:
            raise InputError(f"{directory}/{name}: damaged or changed since it was saved; "
                             "train again with --retrain, or restore the file")
    return {Path(name).stem: json.loads((directory / name).read_text(encoding="utf-8"))
            for name in digests if name != WEIGHTS}


def load_weights(directory: Path, model: nn.Module) -> None:
    """Put the saved weights into a model of the same shape."""
    try:
        weights = with_new_parameter_names(load_file(Path(directory) / WEIGHTS))
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{directory}/{WEIGHTS}: does not fit the settings beside it "
                         f"({str(error).splitlines()[0]})") from None
    own = {name for name, _ in model.named_parameters()}
    if unexpected or own & set(missing):
        raise InputError(f"{directory}/{WEIGHTS}: does not fit the settings beside it "
                         f"({', '.join(sorted(own & set(missing)) + unexpected)})")


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON aside, then rename."""
    aside = path.with_name(f".{path.name}.new")
    try:
        aside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
