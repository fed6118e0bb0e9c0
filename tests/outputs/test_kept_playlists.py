"""The files of playlists that keep themselves: their lines, whose files they may replace, when they are written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.folder import MARK, file_name
from playlista.outputs.playlists.kept import KeptPlaylist, KeptPlaylists, rule_named, rules_in_force
from playlista.outputs.playlists.m3u import PathStyle
from playlista.outputs.playlists.rules import RuleError
from playlista.outputs.similarity.engine import Similarity
from tests.libraries import Parts, open_parts
from tests.outputs.songs import add_song

RULES = 'defaults = false\n["All of it"]\norder = "path"\n'


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    for name in ("data", "music"):
        (tmp_path / name).mkdir()
    (tmp_path / "music" / "playlists").mkdir()
    with open_parts(tmp_path / "data", synced=False) as opened:
        yield opened


def settings_of(folder: Path, **settings: object) -> Settings:
    places = {
        "music_dir": folder / "music",
        "data_dir": folder / "data",
        "playlist_dir": folder / "music" / "playlists",
    }
    return Settings(**{**places, **settings})  # type: ignore[arg-type]


def keep(parts: Parts, settings: Settings, rules: str = RULES) -> list[KeptPlaylist]:
    (settings.data_dir / "playlists.toml").write_text(rules)
    choice = PlaylistChoice(parts.database, lambda: Similarity(parts.database))
    return KeptPlaylists(settings, choice).keep()


def test_the_lines_say_name_length_and_song_and_lead_from_the_file_to_the_music(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "Björk/Debut/01.mp3", artist="Björk", title="Human\nBehaviour")
    add_song(parts, "nobody.mp3", title="nobody")
    kept = keep(parts, settings_of(tmp_path))
    assert kept == [KeptPlaylist("All of it", "All of it.m3u8", 2, None)]
    place = tmp_path / "music" / "playlists" / "All of it.m3u8"
    assert place.read_text(encoding="utf-8").splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:All of it",
        f"#{MARK}",
        "#EXTINF:180,Björk - Human Behaviour",
        "../Björk/Debut/01.mp3",
        "#EXTINF:180,nobody",
        "../nobody.mp3",
    ]


def test_paths_are_those_of_other_programs_where_they_are_told(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    keep(parts, settings_of(tmp_path, playlist_path="/data/music/"))
    assert "/data/music/a.mp3" in (tmp_path / "music/playlists/All of it.m3u8").read_text().splitlines()


@pytest.mark.parametrize(
    ("folder", "path", "line"),
    [
        ("music", "a.mp3", "a.mp3"),
        ("music", "#1 hits/a.mp3", "./#1 hits/a.mp3"),
        ("music", " a.mp3", "./ a.mp3"),
        ("music/lists", "#1.mp3", "../#1.mp3"),
        ("lists", "a/b.mp3", "../music/a/b.mp3"),
    ],
)
def test_a_line_is_a_path_from_the_folder_of_the_file_and_never_a_comment(
    tmp_path: Path, folder: str, path: str, line: str
) -> None:
    for name in ("music/lists", "lists"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    assert PathStyle.seen_from(str(tmp_path / folder), str(tmp_path / "music")).written(path) == line
    assert os.path.normpath(tmp_path / folder / line) == str(tmp_path / "music" / path)


def test_names_that_are_no_utf8_stay_the_bytes_that_they_are_and_line_ends_are_left_out(
    parts: Parts, tmp_path: Path
) -> None:
    add_song(parts, os.fsdecode(b"caf\xe9.mp3"), title="Café")
    add_song(parts, "two\nlines.mp3", title="Two")
    keep(parts, settings_of(tmp_path))
    content = (tmp_path / "music/playlists/All of it.m3u8").read_bytes()
    assert b"../caf\xe9.mp3\n" in content
    assert b"lines.mp3" not in content


def test_a_file_is_written_only_when_it_differs(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    settings = settings_of(tmp_path)
    keep(parts, settings)
    place = tmp_path / "music/playlists/All of it.m3u8"
    before = place.stat()
    keep(parts, settings)
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    add_song(parts, "b.mp3")
    keep(parts, settings)
    assert "../b.mp3" in place.read_text()
    assert [one.name for one in place.parent.iterdir()] == [place.name], "no temporary file stays"


def test_a_file_of_somebody_else_stays_as_it_is_and_the_others_are_kept(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    folder = tmp_path / "music/playlists"
    (folder / "All of it.m3u8").write_text("#EXTM3U\n../mine.mp3\n")
    (folder / "song.m3u8").write_bytes(b"ID3 music")
    (folder / "linked.m3u8").symlink_to(tmp_path / "music/playlists/song.m3u8")
    (folder / "folder.m3u8").mkdir()
    os.mkfifo(folder / "pipe.m3u8")
    names = ("All of it", "song", "linked", "folder", "pipe", "good")
    kept = keep(parts, settings_of(tmp_path), "defaults = false\n" + "".join(f'["{name}"]\n' for name in names))
    assert {one.name for one in kept if one.trouble is None} == {"good"}
    assert all("rename that file or the playlist" in one.trouble for one in kept if one.trouble)
    assert (folder / "All of it.m3u8").read_text() == "#EXTM3U\n../mine.mp3\n"
    assert (folder / "song.m3u8").read_bytes() == b"ID3 music"


def test_the_file_of_a_rule_that_is_gone_is_removed_and_no_other(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    folder = tmp_path / "music/playlists"
    (folder / "mine.m3u8").write_text("#EXTM3U\n../mine.mp3\n")
    keep(parts, settings_of(tmp_path), 'defaults = false\n["Old"]\n["Stays"]\n')
    keep(parts, settings_of(tmp_path), 'defaults = false\n["New"]\n["Stays"]\n')
    assert sorted(one.name for one in folder.iterdir()) == ["New.m3u8", "Stays.m3u8", "mine.m3u8"]


def test_rules_that_cannot_be_used_leave_every_file_as_it_is(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    keep(parts, settings_of(tmp_path))
    with pytest.raises(RuleError, match=r"playlists.toml:2: 'Other': bmp is unknown"):
        keep(parts, settings_of(tmp_path), '["Other"]\nbmp = "90"\n')
    assert [one.name for one in (tmp_path / "music/playlists").iterdir()] == ["All of it.m3u8"]


def test_a_rule_about_a_track_that_is_away_keeps_its_file(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    add_song(parts, "b.mp3")
    settings = settings_of(tmp_path)
    keep(parts, settings)
    before = (tmp_path / "music/playlists/All of it.m3u8").read_bytes()
    (kept,) = keep(parts, settings, 'defaults = false\n["All of it"]\nsimilar = "away.mp3"\n')
    assert kept.trouble is not None
    assert "away.mp3: not in the library" in kept.trouble
    assert (tmp_path / "music/playlists/All of it.m3u8").read_bytes() == before


def test_navidrome_is_told_the_rule_itself(parts: Parts, tmp_path: Path) -> None:
    rule = """
    defaults = false
    ["Nineties"]
    file = "nsp"
    year = "1990-1999"
    bpm = "120.."
    length = "..600"
    genre = "Rock"
    format = "flac"
    order = "-year"
    limit = 25
    """
    (kept,) = keep(parts, settings_of(tmp_path), rule)
    assert (kept.file, kept.tracks) == ("Nineties.nsp", None)
    document = json.loads((tmp_path / "music/playlists/Nineties.nsp").read_text())
    assert document == {
        "name": "Nineties",
        "comment": MARK,
        "all": [
            {"inTheRange": {"year": [1990, 1999]}},
            {"inTheRange": {"bpm": [120, 9999]}},
            {"inTheRange": {"duration": [0, 600]}},
            {"is": {"genre": "Rock"}},
            {"is": {"filetype": "flac"}},
        ],
        "sort": "year",
        "order": "desc",
        "limit": 25,
    }


def test_rules_lie_in_the_folder_of_the_playlists_or_in_that_of_the_data(tmp_path: Path) -> None:
    for name in ("data", "music/playlists"):
        (tmp_path / name).mkdir(parents=True)
    settings = settings_of(tmp_path)
    assert [rule.name for rule in rules_in_force(settings)] == ["Calm evening", "Workout 140+", "Focus, instrumental"]
    (tmp_path / "data/playlists.toml").write_text("defaults = false\n[Data]\n")
    assert [rule.name for rule in rules_in_force(settings)] == ["Data"]
    (tmp_path / "music/playlists/playlists.toml").write_bytes(b"\xef\xbb\xbfdefaults = false\r\n[Folder]\r\n")
    assert [rule.name for rule in rules_in_force(settings)] == ["Folder"]
    with pytest.raises(RuleError, match=r"no playlist is called 'Data'; there are: 'Folder'"):
        rule_named("Data", settings)
    (tmp_path / "music/playlists/playlists.toml").write_bytes(b"[caf\xe9]\n")
    with pytest.raises(RuleError, match="not UTF-8 text"):
        rules_in_force(settings)


def test_names_become_names_of_files_that_every_file_system_takes(tmp_path: Path) -> None:
    assert file_name("AC/DC: best?", "m3u8") == "AC_DC_ best_.m3u8"
    assert file_name("..", "nsp") == "_.nsp"
    assert len(file_name("é" * 100 + "ü" * 50, "m3u8").encode()) <= 205
    (tmp_path / "data").mkdir()
    (tmp_path / "data/playlists.toml").write_text('["a/b"]\n["A_B"]\n')
    with pytest.raises(RuleError, match=r"'a/b' and 'A_B' would both be the file A_B.m3u8"):
        rules_in_force(settings_of(tmp_path))


def test_the_folder_is_made_but_not_where_a_share_may_be_away(parts: Parts, tmp_path: Path) -> None:
    add_song(parts, "a.mp3")
    keep(parts, settings_of(tmp_path, playlist_dir=tmp_path / "music" / "new"))
    assert (tmp_path / "music/new/All of it.m3u8").exists()
    (tmp_path / "mount").mkdir()
    with pytest.raises(PlaylistaError, match="there is no such folder"):
        keep(parts, settings_of(tmp_path, playlist_dir=tmp_path / "mount" / "playlists"))
    assert not list((tmp_path / "mount").iterdir())
