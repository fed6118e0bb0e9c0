"""What `show` says of one track."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlista.cli.terminal import write_summary
from tests.libraries import analysis_of


@pytest.mark.parametrize(
    ("channels", "layout", "shown"),
    [(2, "stereo", "Hz x2"), (6, "5.1(side)", "Hz x6 (5.1(side))"), (6, None, "Hz x6"), (1, "mono", "Hz x1")],
)
def test_more_than_two_channels_are_shown_with_their_layout(
    capsys: pytest.CaptureFixture[str], channels: int, layout: str | None, shown: str
) -> None:
    analysis = analysis_of("a.flac")
    assert analysis.audio is not None
    write_summary(replace(analysis, audio=replace(analysis.audio, channels=channels, channel_layout=layout)))
    assert f"{shown}\n" in capsys.readouterr().out


def test_a_track_that_changes_its_key_says_from_when_on(capsys: pytest.CaptureFixture[str]) -> None:
    analysis = analysis_of("a.flac")
    assert analysis.tonal is not None
    write_summary(analysis)
    assert "from 0:00" not in capsys.readouterr().out
    changes = ((0.0, "C#", "minor"), (98.08, "E", "major"))
    write_summary(replace(analysis, tonal=replace(analysis.tonal, key_changes=changes)))
    assert "C# minor from 0:00, E major from 1:38\n" in capsys.readouterr().out
