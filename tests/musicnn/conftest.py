"""The published weights as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.musicnn.conversion.wheel import Wheel, open_wheel
from tests.musicnn.weights import published_wheel


@pytest.fixture(scope="session")
def wheel_path(project_root: Path) -> Path:
    """The `musicnn` wheel."""
    return published_wheel(project_root)


@pytest.fixture(scope="session")
def wheel(wheel_path: Path) -> Iterator[Wheel]:
    """The verified wheel, open."""
    with open_wheel(wheel_path) as opened:
        yield opened
