"""What the conformance tests listen to: real recordings where they are here, and music made on the spot anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.made import made_recordings
from tests.conformance.recordings import Recording, recordings
from tests.exhaustive import exhaustive

LEAST_RECORDINGS = 90


@pytest.fixture(scope="session")
def recorded(shared_folder: Path | None) -> list[Recording]:
    """Every shared recording that libsndfile decodes; none where they are not here."""
    found = recordings(shared_folder) if shared_folder else []
    assert shared_folder is None or len(found) >= LEAST_RECORDINGS
    return found


@pytest.fixture(scope="session", params=["made", *exhaustive(["recorded"])])
def corpus(request: pytest.FixtureRequest) -> list[Recording]:
    """For what holds of any music: made music, and once more with the shared recordings, where they are here."""
    if request.param == "made":
        return made_recordings()
    if not (recorded := request.getfixturevalue("recorded")):
        pytest.skip("the shared recordings are not here (../shared/audio)")
    return [*made_recordings(), *recorded]


@pytest.fixture(scope="session")
def tracks(shared_audio: Path, recorded: list[Recording]) -> list[Recording]:
    """The shared recordings, for what is known of them alone; skipped where they are not here."""
    return recorded
