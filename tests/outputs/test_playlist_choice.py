"""Which tracks a rule chooses from a library whose songs are known, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import FailureReason, PlaylistaError
from playlista.library.track_filter import FilterError
from playlista.library.track_summaries import TrackSummary
from playlista.outputs.playlists import choice as choice_module
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.defaults import default_rules
from playlista.outputs.playlists.flow import in_flow
from playlista.outputs.playlists.rule_file import parse_rules
from playlista.outputs.similarity.engine import Similarity
from tests.libraries import Parts, failed_analysis, open_parts, track_file
from tests.moods import loud, rhythm_of, spectrum_of
from tests.outputs.songs import add_song


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def chosen(parts: Parts, rule: str) -> list[str]:
    """The paths of the playlist with the keys `rule`."""
    return [one.path for one in tracks(parts, rule)]


def tracks(parts: Parts, rule: str) -> list[TrackSummary]:
    (parsed,) = parse_rules(f"[Test]\n{rule}", "playlists.toml").rules
    return PlaylistChoice(parts.database, Similarity(parts.database).make).tracks(parsed)


def test_tempo_key_neighbours_loudness_and_year_all_count(parts: Parts) -> None:
    add_song(parts, "fits.mp3", bpm=95, camelot="9A", loudness=-14, year=1994)
    add_song(parts, "fast.mp3", bpm=120, camelot="9A", loudness=-14, year=1994)
    add_song(parts, "far key.mp3", bpm=95, camelot="2A", loudness=-14, year=1994)
    add_song(parts, "loud.mp3", bpm=95, camelot="9A", loudness=-6, year=1994)
    add_song(parts, "new.mp3", bpm=95, camelot="9A", loudness=-14, year=2020)
    rule = "bpm = '90-100'\nkey = 'Am'\nneighbours = true\nloudness = '..-12'\nyear = '1990-1999'"
    assert chosen(parts, rule) == ["fits.mp3"]


def test_tags_choose_by_the_least_activation_and_leave_out_what_is_not_wanted(parts: Parts) -> None:
    add_song(parts, "a.mp3", tags={"jazz": 0.4, "Mellow": 0.3})
    add_song(parts, "b.mp3", tags={"jazz": 0.35, "Mellow": 0.5})
    add_song(parts, "c.mp3", tags={"jazz": 0.9, "Mellow": 0.1})
    add_song(parts, "d.mp3", tags={"jazz": 0.6, "Mellow": 0.6, "metal": 0.2})
    both = "tags = ['JAZZ>=0.3', 'mellow>=0.3']"
    assert chosen(parts, both) == ["d.mp3", "b.mp3", "a.mp3"]  # least activations 0.6, 0.35, 0.3
    assert chosen(parts, f"{both}\nwithout_tags = ['metal>=0.15']") == ["b.mp3", "a.mp3"]
    assert chosen(parts, "any_tags = ['Mellow>=0.5', 'jazz>=0.8']") == ["c.mp3", "d.mp3", "b.mp3"]
    assert chosen(parts, "any_tags = ['Mellow>=0.5']\nlimit = 1") == ["d.mp3"]


def test_a_tag_that_there_is_not_is_said_with_one_that_is_written_alike(parts: Parts) -> None:
    add_song(parts, "a.mp3")
    with pytest.raises(FilterError, match="no tag is called 'jaz'; did you mean 'jazz'"):
        chosen(parts, "tags = 'jaz'")


def test_no_artist_has_more_than_allowed_and_unknown_artists_are_not_one(parts: Parts) -> None:
    for number in range(4):
        add_song(parts, f"one/{number}.mp3", artist="Björk", year=2000 + number)
        add_song(parts, f"two/{number}.mp3", artist="BJORK", year=2010 + number)
    add_song(parts, "z.mp3", artist="Other", year=1990)
    assert chosen(parts, "per_artist = 2\norder = '-year'") == ["two/3.mp3", "two/2.mp3", "z.mp3"]


def test_failed_tracks_are_in_no_playlist(parts: Parts) -> None:
    add_song(parts, "good.mp3")
    parts.queue.enqueue([track_file("bad.mp3")], "scan")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, failed_analysis("bad.mp3", FailureReason.CORRUPT))
    assert chosen(parts, "limit = 10") == ["good.mp3"]


def alike(parts: Parts) -> None:
    for direction in range(3):
        for number in range(6):
            bpm, artist = 100 + 10 * number, f"Artist {number % 2}"
            add_song(parts, f"{direction}/song {number}.mp3", direction=direction, bpm=bpm, artist=artist)


@pytest.mark.parametrize("most_compared", [5000, 3])
def test_similar_tracks_are_those_of_the_same_sound_that_also_fit(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, most_compared: int
) -> None:
    monkeypatch.setattr(choice_module, "MOST_COMPARED", most_compared)
    alike(parts)
    found = chosen(parts, "similar = '1/song 0.mp3'\nlimit = 5")
    assert sorted(found) == [f"1/song {number}.mp3" for number in range(1, 6)]
    assert set(chosen(parts, "similar = '1/song 0.mp3'\nlimit = 4\nbpm = '120..'")) == {
        f"1/song {number}.mp3" for number in range(2, 6)
    }
    ordered = tracks(parts, "similar = '1/song 0.mp3'\nlimit = 4\nbpm = '120..'\norder = '-bpm'")
    assert [one.bpm for one in ordered] == [150, 140, 130, 120]
    spread = tracks(parts, "similar = '1/song 0.mp3'\nlimit = 2\nper_artist = 1")
    assert {one.artist for one in spread} == {"Artist 0", "Artist 1"}


def test_a_blend_is_near_to_all_of_its_tracks_and_a_path_leads_from_one_to_the_other(parts: Parts) -> None:
    alike(parts)
    blend = chosen(parts, "blend = ['0/song 0.mp3', '1/song 0.mp3']\nlimit = 10")
    assert {path[0] for path in blend} == {"0", "1"}
    way = chosen(parts, "path = ['0/song 0.mp3', '2/song 0.mp3']\nlimit = 6")
    assert (way[0], way[-1], len(way), len(set(way))) == ("0/song 0.mp3", "2/song 0.mp3", 6, 6)
    with pytest.raises(PlaylistaError, match="nobody: not in the library"):
        chosen(parts, "similar = 'nobody'")


def steps_between(one: TrackSummary, other: TrackSummary) -> float:
    """Steps on the wheel, and steps of 6 % in tempo."""
    assert one.bpm
    assert other.bpm
    around = abs(int(str(one.camelot)[:-1]) - int(str(other.camelot)[:-1]))
    keys = min(around, 12 - around) + (str(one.camelot)[-1] != str(other.camelot)[-1])
    return keys + abs(math.log(one.bpm / other.bpm, 1.06))


def test_a_smooth_order_goes_round_the_wheel_and_up_in_tempo_in_small_steps(parts: Parts) -> None:
    for number in range(12):  # a known smooth way: a fifth up and 2 % faster each time
        add_song(parts, f"{number * 5 % 12:02}.mp3", bpm=90 * 1.02**number, camelot=f"{number + 1}A")
    ordered = tracks(parts, "order = 'flow'")
    bpm = [one.bpm for one in ordered]
    assert len(ordered) == 12
    assert bpm == sorted(bpm)
    assert max(map(steps_between, ordered, ordered[1:])) == pytest.approx(1 + math.log(1.02, 1.06))


def test_turning_parts_round_makes_no_order_longer_and_loses_no_track(parts: Parts) -> None:
    for number in range(40):
        add_song(parts, f"{number}.mp3", bpm=80 + number * 37 % 90, camelot=f"{number * 5 % 12 + 1}{'AB'[number % 2]}")
    by_path = tracks(parts, "limit = 40")
    smooth = in_flow(by_path)
    assert {one.id for one in smooth} == {one.id for one in by_path}

    def length(order: list[TrackSummary]) -> float:
        return sum(map(steps_between, order, order[1:]))

    rest = smooth[1:]
    greedy = [smooth[0]]
    while rest:
        rest.sort(key=lambda one: steps_between(greedy[-1], one))
        greedy.append(rest.pop(0))
    assert length(smooth) <= length(greedy)
    assert length(smooth) < length(by_path) / 2
    assert in_flow(list(reversed(by_path)))[0] == smooth[0]


def test_tracks_without_tempo_or_key_have_a_place_in_a_smooth_order(parts: Parts) -> None:
    for number in range(5):
        add_song(parts, f"{number}.mp3", bpm=100 + number)
    with parts.database.transaction() as connection:
        connection.execute("UPDATE tracks SET bpm = NULL, camelot = NULL WHERE file_id = 3")
    assert len(tracks(parts, "order = 'flow'")) == 5
    assert len(tracks(parts, "order = 'flow'\nlimit = 2")) == 2


def test_a_shuffled_order_stays_the_same_until_the_tracks_change(parts: Parts) -> None:
    for number in range(20):
        add_song(parts, f"{number:02}.mp3")
    shuffled = chosen(parts, "order = 'shuffle'")
    assert shuffled == chosen(parts, "order = 'shuffle'")
    assert shuffled != sorted(shuffled)
    assert sorted(shuffled) == chosen(parts, "order = 'path'")


QUIET = {"rhythm": rhythm_of(1.0), "loudness": loud(-24.0), "spectral": spectrum_of(0.001)}
LOUD = {"rhythm": rhythm_of(5.0), "loudness": loud(-7.0), "spectral": spectrum_of(0.1)}


def test_playlists_without_a_rule_are_empty_where_nothing_is_sure(parts: Parts) -> None:
    for number in range(30):
        add_song(
            parts, f"{number}.mp3", bpm=60 + 5 * number, tags={"Mellow": 0.006, "dance": 0.02, "instrumental": 0.09}
        )
    choice = PlaylistChoice(parts.database, lambda: Similarity(parts.database))
    assert [choice.tracks(rule) for rule in default_rules()] == [[], [], []]
    singer = {"female vocalists": 0.3, "male vocalists": 0.02, "instrumental": 0.002}
    add_song(parts, "calm.mp3", tags={"Mellow": 0.3, "ambient": 0.3, "chillout": 0.2, **singer}, groups=QUIET)
    add_song(parts, "calm but loud.mp3", tags={"Mellow": 0.3, "ambient": 0.3, "chillout": 0.2, **singer}, groups=LOUD)
    add_song(parts, "dance.mp3", bpm=150, loudness=-8, tags={"dance": 0.5})
    add_song(parts, "focus.mp3", tags={"instrumental": 0.5, "jazz": 0.3, "female vocalists": 0.001}, groups=QUIET)
    found = [[one.path for one in choice.tracks(rule)] for rule in default_rules()]
    assert found == [["calm.mp3"], ["dance.mp3"], ["focus.mp3"]]
