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
