"""What all tests share: a working folder, models, a cache and a home of their own, and one thread for each process.

Nothing that lies in the clone, in the user's home or in the environment changes a test.
"""

import contextlib
import os
import shutil
import site
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

OWN = tempfile.TemporaryDirectory(prefix="n2m-tests-")
HOME, CACHE, WORK = (Path(OWN.name) / name for name in ("home", "cache", "work"))
# Variables that the toolkit or a library under it reads; torchrun's are there where the tests run under it.
FOREIGN = ("N2M_", "HF_", "HUGGING", "TRANSFORMERS_", "TOKENIZERS_", "OMP_", "MKL_", "GOMP_", "KMP_", "TORCH", "NCCL_",
           "GLOO_", "XDG_", "MASTER_", "GROUP_", "ROLE_")
LONGEST = {"test_corpora_page.py", "test_parts_page.py", "test_tasks_page.py", "test_many_processes.py"}
NAMES = {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "PYTHONSAFEPATH"}


def own_environment() -> None:
    """Runs before any module is imported that reads these."""
    os.environ["PYTHONUSERBASE"] = site.getuserbase()  # packages installed for the user are still found
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name in NAMES or name.lower().endswith("_proxy"):
            del os.environ[name]
    for folder in (HOME, CACHE, WORK):
        folder.mkdir()
    # Tests run side by side: the threads of several processes on the same cores would wait for one another.
    os.environ |= {"HOME": str(HOME), "N2M_CACHE": str(CACHE), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                   "N2M_LANGUAGE": "en"}  # whatever the locale of the machine is


own_environment()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(autouse=True)
def own_working_folder() -> Iterator[None]:
    """Each test begins in an empty folder and leaves the environment as it was."""
    environment = dict(os.environ)
    os.chdir(WORK)
    yield
    if os.environ != environment:
        os.environ.clear()
        os.environ |= environment
    os.chdir(WORK)
    for left in WORK.iterdir():
        with contextlib.suppress(OSError):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """One folder for all the processes that pytest-xdist starts: what is made there is made once a run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def models(shared_folder) -> Path:
    """A quickly trained model of each task, with what its training printed; copy what a test changes."""
    from tests.command import train_each_task  # after the environment is set
    folder = shared_folder / "trained"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            train_each_task(folder.with_name("training"))
            folder.with_name("training").rename(folder)
    return folder
