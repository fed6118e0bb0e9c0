"""The published network as fixtures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import ModelError
from playlista.models.wheels import OpenWheel, download, open_published
from playlista.vibenet.arrays import NetworkFile
from playlista.vibenet.conversion.prepare import PUBLISHED, prepare_vibenet
from playlista.vibenet.network import VibeNet


@pytest.fixture(scope="session")
def vibenet_wheel_path(project_root: Path) -> Path:
    """The `vibenet` wheel; the test is skipped where it was never fetched and there is no network."""
    kept = project_root / "build" / f"{PUBLISHED.name}-{PUBLISHED.version}-py3-none-any.whl"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = download(PUBLISHED, Path(folder))
            except ModelError as error:
                pytest.skip(f"the published VibeNet is not here: {error}")
            kept.parent.mkdir(exist_ok=True)
            partial = kept.with_suffix(f".{Path(folder).name}")
            shutil.copyfile(found, partial)
            partial.replace(kept)
    return kept


@pytest.fixture(scope="session")
def vibenet_wheel(vibenet_wheel_path: Path) -> Iterator[OpenWheel]:
    """The verified wheel, open."""
    with open_published(PUBLISHED, vibenet_wheel_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, vibenet_wheel_path: Path) -> Path:
    """A models folder with VibeNet alone. Tests that change it copy it."""
    folder = tmp_path_factory.mktemp("vibenet")
    prepare_vibenet(folder, wheel=vibenet_wheel_path, say=lambda _line: None)
    return folder


@pytest.fixture(scope="session")
def vibenet(prepared: Path) -> Iterator[VibeNet]:
    """The network."""
    pytest.importorskip("onnxruntime")
    with NetworkFile(prepared / "vibenet.npz") as file:
        yield VibeNet(file)
