"""With which ffmpeg the product reads in tests of decoding."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def bundled_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As on a machine without ffmpeg: the one of imageio-ffmpeg, which starts in a sixth of the CPU time.

    For what tries hundreds of files. Returns the empty folder that PATH is.
    """
    folder = tmp_path_factory.mktemp("path")
    monkeypatch.setenv("PATH", str(folder))
    return folder
