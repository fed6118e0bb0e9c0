"""The options of commands that say which tracks are meant, and the filter that their texts make.

Input: texts as people type them. Output: a `TrackFilter`, or a wrong use that names the option and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from playlista.library.track_filter import Range, TrackFilter
    from playlista.tracks import Status

BpmOption = Annotated[str | None, typer.Option(metavar="LOW-HIGH", help="Tempo, such as 118-126.")]
KeyOption = Annotated[list[str] | None, typer.Option(metavar="KEY", help="Key, such as 8A or Am; can be repeated.")]
TagOption = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="MusiCNN tag, such as jazz or 'jazz>=0.2'; tracks must match all."),
]
EnergyOption = Annotated[
    str | None, typer.Option(metavar="LOW-HIGH", help="Energy within 0..1, such as 0.7.. or ..0.3.")
]
VoiceOption = Annotated[
    str | None, typer.Option(metavar="LOW-HIGH", help="How likely there is a voice, within 0..1, such as ..0.2.")
]
MoodOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mood",
        metavar="MOOD",
        help="calm, happy, sad, party, aggressive or dark, or 'calm>=0.9'; tracks must match all.",
    ),
]


def filter_of(
    *,
    status: Status | None = None,
    bpm: str | None = None,
    energy: str | None = None,
    voice: str | None = None,
    keys: Iterable[str] | None = None,
    tags: Iterable[str] | None = None,
    moods: Iterable[str] | None = None,
) -> TrackFilter:
    """The filter of these options; None or empty where it does not matter.

    Raises
    ------
    typer.BadParameter : a text that is none of its kind.
    """
    from playlista.library.filter_texts import mood_floor, number_range, share_range, tag_floor  # noqa: PLC0415
    from playlista.library.track_filter import TrackFilter  # noqa: PLC0415

    return TrackFilter(
        status=status,
        bpm=_range("bpm", bpm, "tempo", read=number_range),
        energy=_range("energy", energy, read=share_range),
        voice=_range("voice", voice, read=share_range),
        camelot=_codes(keys or ()),
        tags=_floors("tag", tag_floor, tags or ()),
        moods=_floors("mood", mood_floor, moods or ()),
    )


def _range(option: str, text: str | None, name: str | None = None, *, read: Callable[[str], Range]) -> Range | None:
    from playlista.library.track_filter import FilterError  # noqa: PLC0415

    try:
        return None if text is None else read(text)
    except FilterError as error:
        raise typer.BadParameter(f"{text!r}: {name or option} {error}", param_hint=f"--{option}") from None


def _codes(keys: Iterable[str]) -> tuple[str, ...]:
    from playlista.library.filter_texts import camelot_code  # noqa: PLC0415

    codes = []
    for text in keys:
        if (code := camelot_code(text)) is None:
            raise typer.BadParameter(f"{text!r} is no key, such as 8A or Am", param_hint="--key")
        codes.append(code)
    return tuple(codes)


def _floors(
    option: str, read: Callable[[str], tuple[str, float]], texts: Iterable[str]
) -> tuple[tuple[str, float], ...]:
    from playlista.library.track_filter import FilterError  # noqa: PLC0415

    try:
        return tuple(map(read, texts))
    except FilterError as error:
        raise typer.BadParameter(f"a {option} {error}", param_hint=f"--{option}") from None
