"""What all tests share: none touches the user's cache folder."""

import os
import tempfile

KEPT = tempfile.TemporaryDirectory(prefix="n2m-tests-")
os.environ["N2M_CACHE"] = KEPT.name  # before any module is imported that prepares a corpus
os.environ.pop("N2M_MIRROR", None)
