"""What lies in the clone, in the user's home or in the environment changes no test."""

import os
import shutil
import subprocess
import sys

from tests.copies import copy_project

JUNK = b"\0 left by another program"
POISON = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1",
          "N2M_MIRROR": "/nowhere", "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9",
          "https_proxy": "http://127.0.0.1:9", "OMP_NUM_THREADS": "many", "PYTEST_ADDOPTS": "-n0 -p no:cacheprovider"}
# These tests name models, corpora and caches, and take no time.
TESTS = ["tests/test_hermetic.py", "tests/test_command_line.py", "tests/test_corpora_command.py", "-k",
         "wrong_arguments or without_a_model or will_not_do or rejects or what_each_test_sees"]


def test_what_each_test_sees_is_its_own():
    assert not os.listdir()
    assert not {"N2M_MIRROR", "RANK", "WORLD_SIZE", "HF_HUB_OFFLINE", "https_proxy"} & set(os.environ)
    assert os.environ["OMP_NUM_THREADS"] == "1"
    for name in ("HOME", "N2M_CACHE"):
        assert os.path.basename(os.path.dirname(os.environ[name])).startswith("n2m-tests-")


def test_models_caches_and_variables_of_the_user_change_nothing(models, tmp_path):
    project, home = copy_project(tmp_path / "project"), tmp_path / "home"
    for task in ("poem", "word"):
        shutil.copytree(models / task, project / "models" / task)
    for folder in (project / "runs", project / "cache" / "tang", home / ".cache" / "n2m" / "tang", project / "tange"):
        folder.mkdir(parents=True)
        (folder / "1.json").write_bytes(JUNK)
    for name in ("missing.tsv", "poem", "starter", "nothing.tsv"):
        (project / name).write_bytes(JUNK)
    before = sorted(project.rglob("*"))
    done = subprocess.run([sys.executable, "-m", "pytest", *TESTS], cwd=project, capture_output=True, text=True,
                          env={**os.environ, **POISON, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home),
                               "N2M_CACHE": str(project / "cache")})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert sorted(project.rglob("*")) == before
