"""What an error of the operating system is, in words. Loads without torch."""

from __future__ import annotations

import errno

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def reason(error: BaseException) -> str:
    """The cause of an error, and the remedy if the disk is full.

    >>> reason(PermissionError(errno.EACCES, "Permission denied"))
    'Permission denied'
    >>> reason(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device; free some disk space'
    """
    text = getattr(error, "strerror", None) or str(error)
    return f"{text}; free some disk space" if getattr(error, "errno", None) in FULL else text
