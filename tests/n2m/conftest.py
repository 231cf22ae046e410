"""The models that all tests share, one of each task."""

import pytest


@pytest.fixture(scope="session")
def trained(models):
    """A function that gives the directory of a task's model; copy what a test changes."""
    return lambda task: models / task
