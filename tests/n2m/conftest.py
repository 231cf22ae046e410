"""Models that several tests read: trained once, never changed."""

import pytest

import n2m

TINY = {"embedding_size": 8, "hidden_size": 8, "epochs": 1, "max_vocabulary": 200, "precision": "fp32"}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A function that gives the directory of a tiny model of a task, trained on its starter corpus."""
    made = {}

    def directory(task):
        if task not in made:
            made[task] = tmp_path_factory.mktemp("models") / task
            n2m.train(task, "starter", made[task], **TINY)
        return made[task]

    return directory
