"""Units of memory."""

from __future__ import annotations

#: Bytes in the "MB" of the settings, as in the guide.
MEBIBYTE = 1024 * 1024
