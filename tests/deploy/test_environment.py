"""What people start, image or unit, runs with the malloc and the threads of the bare command, shown in processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.checks.environment import SHIPPED, compose, decided, image, unit
from deploy.checks.tools import PROJECT
from tests.system.fresh_python import COUNT_ARENAS, COUNT_FAULTS, PREPARE, needs_glibc, run_python

TELL = "import json, os\nprint(json.dumps(dict(os.environ)))\n"


def test_every_shipped_file_is_read_to_its_variables() -> None:
    assert image(PROJECT)["DATA_DIR"] == "/data"
    assert unit(PROJECT)["DATA_DIR"] == "%S/playlista"
    assert compose(PROJECT)["LOG_FORMAT"] == "json"
    assert set(SHIPPED) == {"Dockerfile", "deploy/systemd/playlista.service", "deploy/compose.yaml", "helm/playlista"}


def test_malloc_and_every_pool_of_threads_are_the_programs_to_decide() -> None:
    assert decided() >= {"MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "OPENBLAS_NUM_THREADS"}


@pytest.mark.parametrize("file", SHIPPED)
def test_a_shipped_environment_ends_in_the_variables_of_the_bare_command(file: str) -> None:
    bare, shipped = (
        json.loads(run_python(PREPARE + TELL, **variables)) for variables in ({}, started_with(SHIPPED[file]))
    )
    assert {name: shipped[name] for name in decided()} == {name: bare[name] for name in decided()}


@needs_glibc
@pytest.mark.parametrize("file", SHIPPED)
def test_malloc_faults_and_shares_arenas_as_under_the_bare_command(file: str) -> None:
    variables = started_with(SHIPPED[file])
    assert int(run_python(PREPARE + COUNT_FAULTS, **variables)) < 2 * int(run_python(PREPARE + COUNT_FAULTS))
    assert int(run_python(PREPARE + COUNT_ARENAS, **variables)) <= 2


def started_with(environment: Callable[[Path], dict[str, str]]) -> dict[str, str]:
    """The variables of a shipped file, without PATH, which names folders of the image."""
    return {name: value for name, value in environment(PROJECT).items() if name != "PATH"}
