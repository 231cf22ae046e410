"""A model directory: weights as safetensors, everything else as readable JSON.

It is written next to its place and then renamed, by one process at a time. Readers take no lock and rename nothing:
between the two renames of a save they find the old directory under its temporary name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from core.data import InputError
from core.files import write_aside
from core.old_names import with_new_parameter_names
from core.os_errors import reason
from core.training_lock import cannot_be_written, real_directory, training_lock

WEIGHTS, MANIFEST = "weights.safetensors", "model.json"
FORMAT = 1


def save(directory: Path, model: nn.Module, parts: dict[str, dict], finished: bool = True, half: bool = False) -> None:
    """Write the weights and one JSON file for each entry of `parts`, replacing the model that was there.

    finished  whether the training is complete, see is_finished; the old model stays until the new one is complete
    half      half precision (float16)
    Raises InputError if the directory cannot be written or another process trains there.
    """
    with training_lock(directory):
        new = _temporary_folder(directory)
        try:
            weights = {k: v.detach().to("cpu", torch.float16 if half else v.dtype).contiguous().clone()
                       for k, v in model.state_dict().items()}
            for shared in set(weights) - {name for name, _ in model.named_parameters()}:
                del weights[shared]  # a tied table is stored once
            save_file(weights, new / WEIGHTS)
            for name, content in parts.items():
                write_json(new / f"{name}.json", content)
            files = sorted(p.name for p in new.iterdir())
            write_json(new / MANIFEST, {"format": FORMAT, "finished": finished,
                                        "sha256": {name: _digest(new / name) for name in files}})
            os.chmod(new, 0o755)
            os.chmod(new / WEIGHTS, 0o644)  # as the JSON files: a model may be shared
            replace(directory, new)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{directory} could not be written ({reason(error)}); the model saved before is "
                             "unchanged") from None
        finally:
            shutil.rmtree(new, ignore_errors=True)


def replace(directory: Path, new: Path) -> None:
    """Move the folder `new`, on the same disk, to the place of the model directory, which stays until then.

    Raises InputError if another process trains there, and OSError if the disk refuses.
    """
    real = real_directory(directory)
    with training_lock(directory):
        _recover(real)
        old = _old(real)
        shutil.rmtree(old, ignore_errors=True)
        if real.exists():
            os.rename(real, old)
        try:
            os.rename(new, real)
        finally:
            _recover(real)
        shutil.rmtree(old, ignore_errors=True)


def check(directory: Path) -> None:
    """Raise InputError unless a model can be saved there."""
    shutil.rmtree(_temporary_folder(directory))


def _temporary_folder(directory: Path) -> Path:
    """A new folder next to the directory, to write in."""
    real = real_directory(directory)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        if real.exists() and not is_model(real) and any(real.iterdir()):
            raise InputError(f"{directory} contains files that are not a model and will not be replaced; choose "
                             "another `model_dir`")
        return Path(tempfile.mkdtemp(prefix=f".{real.name}.", dir=real.parent))
    except OSError as error:
        raise cannot_be_written(directory, error) from None


def _old(real: Path) -> Path:
    return real.parent / f".{real.name}.old"


def _recover(real: Path) -> None:
    """Undo a save that was killed between its two renames. Only for the holder of the lock."""
    if not real.exists() and _old(real).is_dir():
        os.rename(_old(real), real)


def _readable(directory: Path) -> Path:
    """Where the model of this directory is: during a save it has another name for a moment."""
    real = real_directory(directory)
    return real if real.exists() or not _old(real).is_dir() else _old(real)


def is_model(directory: Path) -> bool:
    """Whether there is a model in this directory."""
    return (_readable(directory) / MANIFEST).is_file()


def is_finished(directory: Path) -> bool:
    """Whether there is a model in this directory whose training is complete."""
    try:
        return bool(json.loads((_readable(directory) / MANIFEST).read_text(encoding="utf-8")).get("finished", True))
    except (OSError, ValueError, AttributeError):
        return False


def read(directory: Path) -> dict[str, dict]:
    """The JSON parts of a model directory, after checking that every file is what was saved."""
    for _ in range(5):
        folder = _readable(directory)
        before = _inode(folder)
        try:
            return _read(directory, folder)
        except InputError:
            if before == _inode(_readable(directory)):
                raise  # else a save has replaced it meanwhile
    return _read(directory, _readable(directory))


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0


def _read(directory: Path, folder: Path) -> dict[str, dict]:
    if not folder.is_dir():
        raise InputError(f"{directory} contains no model; train one first, or choose another `model_dir`")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        digests, version = dict(manifest["sha256"]), manifest["format"]
    except FileNotFoundError:
        raise InputError(f"{directory} is not a model directory ({MANIFEST} is missing); choose another "
                         "`model_dir`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory}/{MANIFEST} is damaged ({error}); use `retrain` to train again") from None
    if version != FORMAT:
        raise InputError(f"{directory} has format {version!r}, but this version reads format {FORMAT}; "
                         "use `retrain` to train again")
    found = {}
    for name, digest in digests.items():
        content = (folder / name).read_bytes() if (folder / name).is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputError(f"{directory}/{name} is damaged or was changed after it was saved; "
                             "restore the file, or use `retrain` to train again")
        if name != WEIGHTS:
            found[Path(name).stem] = json.loads(content)
    return found


def load_weights(directory: Path, model: nn.Module) -> None:
    """Load the saved weights into a model of the same shape."""
    path = f"{directory}/{WEIGHTS}"
    try:
        weights = with_new_parameter_names(load_file(_readable(directory) / WEIGHTS))
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise _mismatch(path, str(error).splitlines()[0]) from None
    own = {name for name, _ in model.named_parameters()}
    if unexpected or own & set(missing):
        raise _mismatch(path, ", ".join(sorted(own & set(missing)) + unexpected))


def _mismatch(path: str, why: str) -> InputError:
    return InputError(f"{path} does not match the settings ({why}); restore the directory, or use `retrain` to train "
                      "again")


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON; a reader finds the old file or the new one, never a part."""
    with write_aside(path) as out:
        out.write((json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
