"""The pictures of a report as SVG: an average spectrum with its wall, and waveforms around faults.

Input: `SpectrumCurve` and `Waveform`. Output: text of SVG elements that stand in an HTML document, whose style sheet
gives the colours of their classes. Widths are in the units of the drawing; a phone shows one as a pixel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from playlista.features.health.pictures import ChannelWave, SpectrumCurve, Waveform

WIDTH = 360
#: Of the spectrum: its height, and the edges of the plot in it.
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 218, 30, 352, 18, 184
#: The rounding of 16 bits is at -124 dB.
LOWEST_DB, STEP_DB = -140.0, 20
#: Of the waveform of one channel.
CHANNEL_HEIGHT = 84
#: Frequencies that are written at the axis, in kHz: at most so many.
MOST_TICKS = 6


def spectrum_svg(curve: SpectrumCurve) -> str:
    """The curve over frequency, with lines every 20 dB and a mark at the wall."""
    top_hz = curve.step_hz * len(curve.levels_db)
    top_db = STEP_DB * max(-2, -(-int(max(curve.levels_db)) // STEP_DB))

    def across(hz: float) -> float:
        return LEFT + (RIGHT - LEFT) * hz / top_hz

    def down(level_db: float) -> float:
        return TOP + (BOTTOM - TOP) * (top_db - max(level_db, LOWEST_DB)) / (top_db - LOWEST_DB)

    levels = range(int(LOWEST_DB), top_db + 1, STEP_DB)
    points = [(across((place + 0.5) * curve.step_hz), down(level)) for place, level in enumerate(curve.levels_db)]
    parts = [
        *(_line("grid", LEFT, down(level), RIGHT, down(level)) for level in levels),
        *(_text(LEFT - 4, down(level) + 4, str(level), "end") for level in levels if level % (2 * STEP_DB) == 0),
        _text(LEFT, TOP - 8, "dB", "end"),
        *(_text(across(hz), BOTTOM + 15, f"{hz / 1000:g}", "middle") for hz in _ticks(top_hz)),
        _text(RIGHT, HEIGHT - 5, "kHz", "end"),
        f'<path class="curve" d="{_path(points)}"/>',
    ]
    if curve.wall_hz is not None:
        place = across(curve.wall_hz)
        anchor = "end" if place > WIDTH / 2 else "start"
        parts += [
            _line("wall", place, TOP, place, BOTTOM),
            _text(place + (-5 if anchor == "end" else 5), TOP + 11, f"{curve.wall_hz / 1000:.1f} kHz", anchor),
        ]
    return _svg(HEIGHT, f"Average level by frequency; {wall_words(curve)}", parts)


def wall_words(curve: SpectrumCurve) -> str:
    """Where the wall is, in words."""
    if curve.wall_hz is None or curve.wall_fall_db is None:
        return "no hard edge"
    return f"falls by {curve.wall_fall_db:.0f} dB within 350 Hz at {curve.wall_hz / 1000:.1f} kHz"


def waveform_svg(waveform: Waveform) -> str:
    """The waveforms of the channels below each other, with a mark where the fault begins."""
    peak = _peak(waveform) or 1.0
    steps = len(waveform.channels[0].low)
    place = WIDTH * (waveform.at_seconds - waveform.from_seconds) / (waveform.step_seconds * steps)
    height = CHANNEL_HEIGHT * len(waveform.channels)
    parts = [_line("wall", place, 0, place, height)]
    for number, wave in enumerate(waveform.channels):
        middle = CHANNEL_HEIGHT * (number + 0.5)
        outline = _path(list(_outline(wave, middle, (CHANNEL_HEIGHT / 2 - 4) / peak)))
        parts += [_line("grid", 0, middle, WIDTH, middle), f'<path class="wave" d="{outline}Z"/>']
    return _svg(height, waveform_words(waveform), parts)


def waveform_words(waveform: Waveform) -> str:
    """What the picture shows, in words."""
    milliseconds = 1000 * waveform.step_seconds * len(waveform.channels[0].low)
    minutes, seconds = divmod(waveform.at_seconds, 60)
    channels = "left above right, " if len(waveform.channels) > 1 else ""
    shown = f"{milliseconds:.0f} ms shown, {channels}peak {_peak(waveform):.3f} of full scale"
    return f"at {int(minutes)}:{seconds:06.3f} ({shown})"


def _peak(waveform: Waveform) -> float:
    return max(max(map(abs, (*wave.low, *wave.high))) for wave in waveform.channels)


def _outline(wave: ChannelWave, middle: float, scale: float) -> Iterator[tuple[float, float]]:
    """Along the highest samples, and back along the lowest."""
    step = WIDTH / max(len(wave.high) - 1, 1)
    yield from ((place * step, middle - scale * high) for place, high in enumerate(wave.high))
    yield from reversed([(place * step, middle - scale * low) for place, low in enumerate(wave.low)])


def _ticks(top_hz: float) -> list[int]:
    step = next(khz for khz in (1, 2, 5, 10, 20, 50, 100, 200) if top_hz / 1000 / khz <= MOST_TICKS)
    return list(range(0, int(top_hz) + 1, 1000 * step))


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in points)


def _line(name: str, left: float, top: float, right: float, bottom: float) -> str:
    return f'<line class="{name}" x1="{left:.1f}" y1="{top:.1f}" x2="{right:.1f}" y2="{bottom:.1f}"/>'


def _text(across: float, down: float, words: str, anchor: str) -> str:
    return f'<text x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: float, label: str, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
