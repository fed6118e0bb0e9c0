"""The published weights and graph, fetched and frozen once and kept in build/, to hold ours against."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from playlista.errors import ModelError
from playlista.models.wheels import download
from playlista.musicnn.conversion.wheel import NAME, PUBLISHED, VERSION


def published_wheel(root: Path) -> Path:
    """The `musicnn` wheel; the test is skipped where it was never fetched and there is no network."""
    kept = root / "build" / f"{NAME}-{VERSION}-py3-none-any.whl"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            try:
                _keep(download(PUBLISHED, Path(folder)), kept)
            except ModelError as error:
                pytest.skip(f"the published weights are not here: {error}")
    return kept


def published_graph(root: Path) -> Path:
    """The published graph as it is, frozen by TensorFlow; the test is skipped where that is not installed."""
    kept = root / "build" / "msd-musicnn-published.pb"
    if not kept.is_file():
        if importlib.util.find_spec("tensorflow") is None:
            pytest.skip("tensorflow-cpu, which freezes the published graph, is not installed")
        wheel = published_wheel(root)
        with tempfile.TemporaryDirectory() as folder:
            frozen = Path(folder) / "frozen.pb"
            command = [sys.executable, "-m", "benchmarks.freeze", str(wheel), str(frozen)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root / "daemon"), str(root)))}
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
            _keep(frozen, kept)
    return kept


def _keep(found: Path, kept: Path) -> None:
    """Whole or not at all, whoever else does the same now."""
    kept.parent.mkdir(exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    shutil.copyfile(found, partial)
    partial.replace(kept)
