"""The published weights as fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from playlista.models.wheel import Wheel, open_wheel
from tests.models.weights import published_wheel


@pytest.fixture(scope="session")
def wheel_path(project_root: Path) -> Path:
    """The `musicnn` wheel."""
    return published_wheel(project_root)


@pytest.fixture(scope="session")
def wheel(wheel_path: Path) -> Wheel:
    """The verified wheel, open."""
    return open_wheel(wheel_path)
