"""Real cgroups for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.memory.real_cgroups import ProcessInside, RealCgroup, made, memory_mount, process_inside, unique_name


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def real_cgroup(request: pytest.FixtureRequest) -> Iterator[RealCgroup]:
    """A memory cgroup of our own on each version that this machine has; skipped where it may not be made."""
    mount, why_not = memory_mount(request.param)
    if mount is None:
        pytest.skip(why_not)
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
