"""What `make test-cgroup2` decides itself: how a run is judged, and what is said without a kernel to boot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cgroup2 import __main__ as cgroup2
from tests.cgroup2 import machine
from tests.cgroup2.cases import _described, _is_whole, _kernel, _result
from tests.cgroup2.groups import Group

RESULT: dict[str, Any] = {
    "status": "analyzed",
    "audio": {"truncated": False},
    "tags": {"rock": 0.5},
    "memory": {"limit_bytes": 192 * 1024**2, "peak_rss_bytes": 100 * 1024**2},
}


def test_a_result_is_whole_unless_it_was_cut_or_nothing_came() -> None:
    assert _is_whole(RESULT)
    assert not _is_whole({**RESULT, "audio": {"truncated": True}})
    assert not _is_whole({**RESULT, "status": "partial"})
    assert not _is_whole({})


def test_half_a_line_of_a_killed_process_is_no_result() -> None:
    line = json.dumps(RESULT)
    assert _result(f"{line}\n") == RESULT
    assert _result(line[:-20]) == _result("") == {}


def test_a_run_is_described_by_what_it_saw() -> None:
    assert _described(RESULT, 0) == "whole, with tags; sees 192 MiB, peak RSS 100 MiB"
    assert _described({**RESULT, "tags": None}, 0).startswith("whole, without tags")
    assert _described({}, -9) == "no result, exit code -9"


def test_the_kernels_counts_are_said_where_they_are_not_zero(tmp_path: Path) -> None:
    events = {"low": 0, "high": 12, "max": 3, "oom": 1, "oom_kill": 1, "oom_group_kill": 0}
    (tmp_path / "memory.events").write_text("".join(f"{name} {count}\n" for name, count in events.items()))
    (tmp_path / "memory.peak").write_text(f"{192 * 1024**2}\n")
    assert _kernel(Group(tmp_path)) == "peak 192 MiB, high 12, oom_kill 1"


def test_a_missing_kernel_is_said_and_fails_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "KERNEL", tmp_path / "linux.uml")
    monkeypatch.setattr(machine, "_search_path", lambda: str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    assert cgroup2.main([]) == 0
    assert re.match(r"skip  cgroup v2: linux.uml is not here; run sh deploy/tools.sh cgroup2", capsys.readouterr().out)
    monkeypatch.setenv("CI", "1")
    assert cgroup2.main([]) == 1
