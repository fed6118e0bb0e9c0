"""The lock files name what each machine gets: Python 3.11 to 3.13, on x86-64 and on 64-bit ARM."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

MACHINES = ("x86_64", "aarch64")
PYTHONS = ("3.11", "3.12", "3.13")
#: Published for x86-64 alone.
TENSORFLOWS = {"essentia-tensorflow", "tensorflow-cpu"}
LOCKS = (
    "requirements.lock",
    "requirements-lean.lock",
    "requirements-test.lock",
    "requirements-soak.lock",
    "requirements-dask.lock",
)


def environment(machine: str, python: str) -> dict[str, str]:
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.9",
    }


def locked(path: Path, machine: str, python: str) -> list[str]:
    """Names of the packages that `path` asks for on such a machine."""
    lines = path.read_text().replace("\\\n", " ").splitlines()
    requirements = [Requirement(line.split("--hash")[0]) for line in lines]
    values = environment(machine, python)
    return [one.name for one in requirements if one.marker is None or one.marker.evaluate(values)]


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_machine_gets_each_package_once_and_tensorflow_only_where_there_is_a_wheel(
    lock: str, machine: str, python: str, project_root: Path
) -> None:
    names = locked(project_root / lock, machine, python)
    assert sorted(set(names)) == sorted(names)
    has_wheels = machine == "x86_64" and "lean" not in lock
    assert TENSORFLOWS & set(names) <= (TENSORFLOWS if has_wheels else set())


@pytest.mark.parametrize("python", PYTHONS)
def test_the_default_set_up_has_both_tensorflows_on_x86_64(python: str, project_root: Path) -> None:
    assert set(locked(project_root / "requirements.lock", "x86_64", python)) >= TENSORFLOWS


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-lean.lock"])
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_has_all_that_the_project_asks_for_on_that_machine(
    lock: str, machine: str, python: str, project_root: Path
) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(one) for one in [*project["dependencies"], *project["optional-dependencies"]["onnx"]]]
    values = environment(machine, python)
    names = {one.name for one in wanted if one.marker is None or one.marker.evaluate(values)}
    left_out = TENSORFLOWS if "lean" in lock else set()
    assert names - left_out <= set(locked(project_root / lock, machine, python))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-lean.lock"])
def test_the_product_does_without_pydantic(lock: str, project_root: Path) -> None:
    # typer brings it from 0.29 on: 0.07 s of CPU for each command and 9 MB for each process.
    assert "pydantic" not in locked(project_root / lock, "x86_64", "3.11")
