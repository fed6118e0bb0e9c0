"""Gain and peak of an album, and keys in the notations that people use."""

from __future__ import annotations

import pytest

from playlista.config import Settings, load_settings
from playlista.library.album_tracks import AlbumTrack, album_folder
from playlista.outputs.file_tags.album_gain import album_gain
from playlista.outputs.file_tags.fields import FIELDS_OF_CHOICE, GROUPS, key_text
from playlista.tracks import Tonal


def track(
    lufs: float | None, peak_dbtp: float | None = -1.0, seconds: float = 100.0, *, whole: bool = True
) -> AlbumTrack:
    return AlbumTrack(1, whole, lufs, peak_dbtp, seconds)


def test_long_tracks_count_for_more() -> None:
    # 10 * log10((3 * 10 ** -1.2 + 10 ** -1.8) / 4) = -12.90 LUFS
    gain = album_gain([track(-12.0, seconds=300.0), track(-18.0)])
    assert gain is not None
    assert gain.gain_db == pytest.approx(-5.10, abs=0.005)


def test_an_interlude_far_below_the_mean_does_not_count() -> None:
    gain = album_gain([track(-12.0), track(-12.0), track(-40.0), track(None, None)])
    assert gain is not None
    assert gain.gain_db == pytest.approx(-6.0)
    assert gain.peak == pytest.approx(10 ** (-1 / 20))


@pytest.mark.parametrize("tracks", [[track(-12.0), track(-12.0, whole=False)], [track(None, None)]])
def test_an_album_that_is_not_known_as_a_whole_or_silent_has_no_gain(tracks: list[AlbumTrack]) -> None:
    assert album_gain(tracks) is None


@pytest.mark.parametrize(
    ("path", "folder"),
    [("A/B/01.flac", "A/B"), ("A/B/CD 2/01.flac", "A/B"), ("A/B/disc1/01.flac", "A/B"), ("01.flac", "")],
)
def test_folders_of_discs_are_of_the_album_around_them(path: str, folder: str) -> None:
    assert album_folder(path) == folder


@pytest.mark.parametrize(
    ("key", "scale", "camelot", "open_key"),
    [
        ("C", "major", "8B", "1d"),
        ("G", "major", "9B", "2d"),
        ("E", "major", "12B", "5d"),
        ("B", "major", "1B", "6d"),
        ("F", "major", "7B", "12d"),
        ("A", "minor", "8A", "1m"),
        ("F#", "minor", "11A", "4m"),
        ("D", "minor", "7A", "12m"),
    ],
)
def test_keys_have_their_places_on_both_wheels(key: str, scale: str, camelot: str, open_key: str) -> None:
    tonal = Tonal(key, scale, 0.9, camelot, 440.0)
    assert key_text(tonal, "musical") == key + ("m" if scale == "minor" else "")
    assert key_text(tonal, "camelot") == camelot
    assert key_text(tonal, "openkey") == open_key


def test_the_setting_knows_what_can_be_written_and_every_field_has_its_group() -> None:
    every = ",".join(FIELDS_OF_CHOICE)
    settings: Settings = load_settings(None, environment={"TAG_WRITE": every})
    assert settings.tag_write == tuple(FIELDS_OF_CHOICE)
    assert sorted(sum(GROUPS, ())) == sorted(sum(FIELDS_OF_CHOICE.values(), ()))
