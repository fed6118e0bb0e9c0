"""What all tests share. As in the daemon, the native environment is put in place before anything imports numpy."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from playlista.config import Settings
from playlista.memory.cgroup import Cgroup
from playlista.system.environment import prepare_environment

PREPARED = prepare_environment(Settings().native_environment(), threads=1)
# The machine may be slow and the checkout read-only: no deadline, and no database of examples in it.
hypothesis.settings.register_profile("playlista", deadline=None, database=None)
hypothesis.settings.load_profile("playlista")
ROOT = Path(__file__).resolve().parent.parent
#: Workers of pytest-xdist: each takes up to half a gigabyte, and the tests start processes of their own.
MOST_WORKERS = 8
#: Folders of tests that start daemons and other programs, or that listen to a corpus.
SLOW_FOLDERS = {"cli", "conformance", "deploy", "integration"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means: as many workers as the CPUs that quota, cpuset and affinity leave us."""
    return min(Cgroup().cpu_threads(), MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in `SLOW_FOLDERS`, and begin with what is slow: the last to end should be short."""
    for item in items:
        if item.path.parent.name in SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_folder() -> Path | None:
    """Real recordings with known values, which lie beside the checkout and are no part of it; None without them."""
    folder = ROOT.parent / "shared" / "audio"
    return folder if (folder / "TRUTH.tsv").is_file() else None


@pytest.fixture(scope="session")
def shared_audio(shared_folder: Path | None) -> Path:
    """The same, for tests that say something of these very recordings; skipped without them."""
    if shared_folder is None:
        pytest.skip("the shared recordings are not here (../shared/audio)")
    return shared_folder


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The prepared MusiCNN model; `make test` prepares it before the tests."""
    folder = ROOT / "build" / "models"
    if not (folder / "msd-musicnn.pb").is_file():
        pytest.skip("no model in build/models; `make test` prepares it")
    return folder


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """The environment of a child process, without what this process has set for its own libraries."""
    # A worker of pytest-xdist has inherited them from the process that started it: it found them, and set nothing.
    ours = PREPARED.set.keys() | PREPARED.kept.keys()
    return {name: value for name, value in os.environ.items() if name not in ours}
