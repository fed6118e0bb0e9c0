"""What all tests share. As in the daemon, the native environment is put in place before anything imports numpy."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from playlista.config import Settings
from playlista.memory.cgroup import Cgroup
from playlista.system.environment import prepare_environment
from tests.exhaustive import exhaustive
from tests.ffmpeg import put_first_on_path

if TYPE_CHECKING:
    from playlista.native.kernels import Kernels

# Modules are compiled once, also where the machine says otherwise: each of hundreds of processes would do it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
PREPARED = prepare_environment(Settings().native_environment(), threads=1)
# The machine may be slow and the checkout read-only: no deadline, and no database of examples in it.
# How long examples take to draw says more of the machine's load than of the test.
PATIENT = {"deadline": None, "database": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("playlista", **PATIENT)
# What `make test` tries: the same few examples each time. `make test-exhaustive` tries the many.
hypothesis.settings.register_profile("few", max_examples=20, derandomize=True, **PATIENT)
hypothesis.settings.load_profile("playlista")
ROOT = Path(__file__).resolve().parent.parent
BUNDLED = pytest.StashKey[TemporaryDirectory[str]]()
#: Workers of pytest-xdist: each takes up to half a gigabyte, and the tests start processes of their own.
MOST_WORKERS = 8
#: Folders of tests that are about reading music: `make test` does so with the ffmpeg that we bring, `make
#: test-exhaustive` also with the system's, where there is one.
READING_FOLDERS = {"analysis", "decode", "outputs"} if shutil.which("ffmpeg") else set()
#: Folders of tests that start daemons and other programs, or that listen to a corpus.
SLOW_FOLDERS = {"cli", "conformance", "deploy", "integration"}
#: Files of such tests in other folders, and of those that try thousands of files, kills or damages.
SLOW_FILES = {
    "test_building.py", "test_checkpoint.py", "test_children.py", "test_daemon_in_cgroup.py", "test_daemon_settings.py",
    "test_damage.py", "test_every_split.py", "test_ffmpeg_child.py", "test_layouts.py", "test_mapped.py",
    "test_memory_optimization.py", "test_music.py", "test_queue_killed.py", "test_queue_machine.py",
    "test_reading_ahead.py", "test_real_cgroups.py", "test_restartable.py", "test_results_machine.py",
    "test_retention.py", "test_rhythm.py", "test_rhythm_danceability.py", "test_runtimes.py", "test_same_bits.py",
    "test_security.py", "test_shared_audio.py", "test_slow_clients.py", "test_spectral.py", "test_storage_faults.py",
    "test_synchronizer.py", "test_synchronizer_machine.py", "test_tag_formats.py", "test_tag_journal.py",
    "test_tag_writer.py", "test_tonal.py", "test_watcher.py", "test_watcher_process.py",
}  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means: twice as many as the CPUs that quota, cpuset and affinity leave us.

    A worker waits for half of its time: for a process that starts, a file that rests, a disk that syncs.
    """
    return min(2 * Cgroup().cpu_threads(), MOST_WORKERS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """With which ffmpeg the product reads."""
    parser.addoption(
        "--ffmpeg",
        choices=("found", "bundled"),
        default="found",
        help="read with the ffmpeg that the product finds, or with that of imageio-ffmpeg, which starts in less time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the product, here and in processes that tests start, find the ffmpeg that was asked for."""
    if config.getoption("--ffmpeg") == "bundled":
        folder = config.stash[BUNDLED] = TemporaryDirectory(prefix="playlista-tests-ffmpeg-")
        put_first_on_path(Path(folder.name))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what `pytest_configure` made."""
    if folder := config.stash.get(BUNDLED, None):
        folder.cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark what the folders and files above name, and let every worker begin with what is slow."""
    for item in items:
        if item.path.parent.name in READING_FOLDERS:
            item.add_marker(pytest.mark.reading)
        if item.path.parent.name in SLOW_FOLDERS or item.path.name in SLOW_FILES:
            item.add_marker(pytest.mark.slow)
    yield  # pytest takes away what was not asked for
    items.sort(key=lambda item: (item.path.parent.name != "integration", item.get_closest_marker("slow") is None))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = [item for share in _shares(items, workers) for item in share]


def _shares(items: list[pytest.Item], workers: int) -> list[list[pytest.Item]]:
    """Lay out `items` for ``--dist worksteal``, which gives each worker an equal run of them, in as many shares.

    Each share has as many of the first files as the others, and every file in one place. The first tests wait the
    longest, for daemons that start and files that rest: begun last, they would keep one worker from ending.
    """
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for _, tests in itertools.groupby(items, key=lambda item: item.path):
        min(shares, key=len).extend(tests)
    return shares


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Take what was collected, half a million objects, from the garbage collector.

    Each track that the product analyzes and many a test make it go through everything, a third of a second each time.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Escape what is no UTF-8 in a report: a failure over such a name would end the worker of pytest-xdist."""
    return _escaped((yield))


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_escaped, value))
    return value


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_folder() -> Path | None:
    """Real recordings with known values, which lie next to the checkout and are no part of it; None without them."""
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
def kernels() -> Kernels:
    """The compiled kernels; skipped where there are none and no compiler."""
    from tests.kernels import compiled_kernels

    found = compiled_kernels()
    if isinstance(found, str):
        pytest.skip(f"no compiled kernels: {found}")
    return found


@pytest.fixture(scope="module", params=["chosen", *exhaustive(["numpy"])])
def each_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module's tests as features compute here, with the compiled kernels if there are some, and also with NumPy.

    ``tests.kernels.way`` hands them out. Tests in tests/native hold the kernels to NumPy's values.
    """
    from tests.kernels import compiled_kernels, way

    found = compiled_kernels()
    way.kernels = None if request.param == "numpy" or isinstance(found, str) else found
    yield
    way.kernels = None


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """The environment of a child process, without what this process has set for its own libraries."""
    # A worker of pytest-xdist has inherited them from the process that started it: it found them, and set nothing.
    ours = PREPARED.set.keys() | PREPARED.kept.keys()
    return {name: value for name, value in os.environ.items() if name not in ours}
