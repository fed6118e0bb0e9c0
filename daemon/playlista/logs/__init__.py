"""Log lines: what they look like (``setup``), and a writer that never waits for who reads them (``writer``)."""

from __future__ import annotations

from playlista.logs.setup import (
    configure_logging,
)

__all__ = [
    "configure_logging",
]
