"""``playlista health --report``: one HTML file on one track, which replaces no file of another kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playlista.tracks import TrackFile
from playlista.tracks.health import Health
from tests import signals
from tests.cli.commands import CommandLine
from tests.libraries import analysis_of, open_parts


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> CommandLine:
    """One track with a dropout."""
    daemon = CommandLine(tmp_path_factory.mktemp("report"), clean_environment)
    daemon.data.mkdir(exist_ok=True)
    path = signals.write(daemon.music / "a.wav", np.stack([signals.noise(2)] * 2, axis=1))
    health = Health(dropouts=1, positions={"dropouts": (1.0,)})
    with open_parts(daemon.data) as parts:
        parts.queue.enqueue([TrackFile.from_stat("a.wav", path.stat())], "scan")
        job = parts.queue.claim()
        assert job is not None
        parts.queue.finish(job, replace(analysis_of("a.wav"), health=health))
    return daemon


def test_a_report_is_written_and_written_anew(library: CommandLine, tmp_path: Path) -> None:
    report = tmp_path / "a.html"
    for _ in range(2):
        ended = library.run("health", "--report", str(report), str(library.music / "a.wav"))
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{report}: report on 1 finding\n", "")
    content = report.read_text()
    assert "1 hole from 0:01 on" in content
    assert content.count("<svg") == 2  # the spectrum and the hole


def test_a_report_can_go_to_stdout(library: CommandLine) -> None:
    ended = library.run_as_process("health", "--report", "-", "a.wav")
    assert ended.returncode == 0
    assert ended.stdout.startswith("<!doctype html>")
    assert ended.stderr == "report on 1 finding\n"


def test_a_file_outside_the_library_is_analyzed_for_its_report(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    fresh = CommandLine(tmp_path, clean_environment)
    samples = np.stack([signals.noise(6)] * 2, axis=1)
    samples[3 * 44100 : 3 * 44100 + 500] = 0
    path = signals.write(tmp_path / "found.flac", samples)
    ended = fresh.run("health", "--report", str(tmp_path / "found.html"), str(path))
    assert (ended.returncode, ended.stderr) == (0, "")
    content = (tmp_path / "found.html").read_text()
    assert "1 hole from 0:03 on" in content
    assert "44.1 kHz, stereo" in content
    assert str(tmp_path) not in content
    assert not fresh.data.exists()


def test_another_file_is_kept_unless_it_may_be_replaced(library: CommandLine, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("<!doctype html><p>mine</p>")
    ended = library.run("health", "--report", str(mine), "a.wav")
    assert ended.returncode == 1
    assert "is not a report of Playlista" in ended.stderr
    assert mine.read_text() == "<!doctype html><p>mine</p>"
    assert library.run("health", "--report", str(mine), "--force", "a.wav").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("b.wav",), 1, "neither a track of the library"),
        ((), 2, "takes one PATH"),
        (("a.wav", "a.wav"), 2, "takes one PATH"),
        (("--json", "a.wav"), 2, "neither --only nor --json"),
    ],
)
def test_what_cannot_be_reported_on_is_said(
    library: CommandLine, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = library.run("health", "--report", str(tmp_path / "x.html"), *arguments)
    assert ended.returncode == code
    assert said in " ".join(ended.stderr.split())
    assert not (tmp_path / "x.html").exists()
