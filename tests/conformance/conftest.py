"""What the conformance tests listen to: real recordings where they are here, and music made on the spot anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.made import made_recordings
from tests.conformance.recordings import Recording, recordings

LEAST_RECORDINGS = 90


@pytest.fixture(scope="session")
def recorded(shared_folder: Path | None) -> list[Recording]:
    """Every shared recording that libsndfile decodes; none where they are not here."""
    found = recordings(shared_folder) if shared_folder else []
    assert shared_folder is None or len(found) >= LEAST_RECORDINGS
    return found


@pytest.fixture(scope="session")
def corpus(recorded: list[Recording]) -> list[Recording]:
    """Made music, and the shared recordings where they are here: for what holds of any music."""
    return [*made_recordings(), *recorded]


@pytest.fixture(scope="session")
def tracks(shared_audio: Path, recorded: list[Recording]) -> list[Recording]:
    """The shared recordings, for what is known of them alone; skipped where they are not here."""
    return recorded
