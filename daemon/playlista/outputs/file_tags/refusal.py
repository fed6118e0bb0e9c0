"""The error of a file that is not tagged, with its reason, and how soon it is worth another look."""

from __future__ import annotations

import errno

from playlista.errors import PlaylistaError, TagRefusal

#: What may be over in a minute, and what somebody has to do something about that leaves no trace on the file.
SOON = frozenset({TagRefusal.IN_USE, TagRefusal.STORAGE})
LATER = frozenset({TagRefusal.READ_ONLY, TagRefusal.RIGHTS, TagRefusal.OTHER})

_BY_ERRNO = {
    errno.EROFS: TagRefusal.READ_ONLY,
    errno.EACCES: TagRefusal.RIGHTS,
    errno.EPERM: TagRefusal.RIGHTS,
}


class RefusedError(PlaylistaError):
    """A file must not be tagged, or could not be; it is as it was, or as another program left it."""

    def __init__(self, message: str, refusal: TagRefusal) -> None:
        super().__init__(message)
        self.refusal = refusal


def refusal_of(error: BaseException) -> TagRefusal:
    """The reason for which `error` stopped the write."""
    if isinstance(error, RefusedError):
        return error.refusal
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, TagRefusal.STORAGE)
    return TagRefusal.OTHER
