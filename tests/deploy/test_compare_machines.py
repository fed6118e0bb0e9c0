"""The table of two machines says what differs, and is no success where more than fractions of a number does."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.arm64.compare import main
from deploy.old_cpu import PROCESSORS, Outcome

RESULT: dict[str, Any] = {
    "path": "a/one.flac",
    "audio": {"channels": 2, "format": "FLAC"},
    "rhythm": {"bpm": 120.0, "beats_count": 40},
    "tonal": {"key": "C"},
    "loudness": {"integrated_lufs": -14.0},
    "spectral": {"mfcc_mean": [1.0, 2.0]},
    "tags": {"rock": 0.5},
    "embedding": [0.25, 0.5],
}


def compared(tmp_path: Path, there: list[dict[str, Any]]) -> int:
    for name, results in (("here", [RESULT]), ("there", there)):
        (tmp_path / name).write_text("".join(f"{json.dumps(result)}\n" for result in results))
    return main(tmp_path / "here", tmp_path / "there")


def test_the_greatest_relative_difference_is_shown_with_its_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = copy.deepcopy(RESULT)
    there["path"] = "/music/one.flac"
    there["spectral"]["mfcc_mean"][1] = 2.0 * (1 - 1e-6)
    there["embedding"][0] = 0.25 * (1 - 1e-7)
    assert compared(tmp_path, [there]) == 0
    assert "| 1.0e-06 (spectral.mfcc_mean) | nothing |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("group", "changed", "shown"),
    [("tonal", {"key": "G"}, "tonal.key C / G"), ("rhythm", {"beats_count": 41}, "rhythm.beats_count 40 / 41")],
)
def test_another_text_or_count_is_named_and_no_success(
    group: str, changed: dict[str, object], shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = copy.deepcopy(RESULT)
    there[group] |= changed
    assert compared(tmp_path, [there]) == 1
    assert shown in capsys.readouterr().out


def test_a_track_of_one_machine_alone_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(tmp_path, []) == 1
    assert "| one.flac | only on one machine |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runtime", "code", "said", "is_right"),
    [
        ("numpy", 0, "120 BPM", True),
        ("numpy", 1, "playlista: refused", False),
        ("tensorflow", 1, "playlista: refused", True),
        ("tensorflow", -4, "", False),
        ("tensorflow", 1, "Traceback\nlines", False),
    ],
    ids=["works", "refused without need", "refused", "SIGILL", "traceback"],
)
def test_on_an_old_processor_a_runtime_works_or_is_refused_in_one_line(
    runtime: str, code: int, said: str, is_right: bool
) -> None:
    nehalem = next(one for one in PROCESSORS if one.name == "Nehalem")
    assert Outcome(nehalem, runtime, code, said).is_right is is_right
