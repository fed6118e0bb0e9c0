"""Real cgroups for the tests of memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.memory.real_cgroups import ProcessInside, RealCgroup, made, memory_mount, process_inside, unique_name

#: The kernel gives the memory controller to one hierarchy, v1 or v2; both are tried on the machines that have them.
VERSIONS = [version for version in (1, 2) if memory_mount(version)[0] is not None]


@pytest.fixture(params=VERSIONS or [0], ids=lambda version: f"v{version}" if version else "none")
def real_cgroup(request: pytest.FixtureRequest) -> Iterator[RealCgroup]:
    """A memory cgroup of our own on the version that this machine has; skipped where it may not be made."""
    mount = memory_mount(request.param)[0] if request.param else None
    if mount is None:
        pytest.skip("; ".join(memory_mount(version)[1] for version in (1, 2)))
    try:
        with made(mount / unique_name(), request.param) as cgroup:
            yield cgroup
    except PermissionError as error:
        pytest.skip(f"no right to make cgroups: {error}")


@pytest.fixture
def inside(real_cgroup: RealCgroup) -> Iterator[ProcessInside]:
    """A process in `real_cgroup` that answers what it is asked."""
    with process_inside(real_cgroup) as process:
        yield process
