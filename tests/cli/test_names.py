"""The commands that know songs by their names: search, similar, list in other orders, tag on folders."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from playlista.errors import PlaylistaError
from playlista.library.filter_texts import tag_named
from playlista.tracks import Status
from tests import signals
from tests.cli.commands import CommandLine
from tests.libraries import open_parts


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> CommandLine:
    """Three songs with tags, without the model, analyzed by `run --once`."""
    daemon = CommandLine(tmp_path_factory.mktemp("songs"), {**clean_environment, "MUSICNN_RUNTIME": "off"})
    (daemon.music / "album").mkdir()
    for name, bpm, title, artist in (
        ("slow.flac", 90, "Moonlight", "Björk"),
        ("album/fast.flac", 150, "Sunrise", "Björk"),
        ("album/evil.flac", 120, "<b>\u202eEvil</b>\x1b[31m", "Other"),
    ):
        signals.write(daemon.music / name, signals.song(8, bpm=bpm))
        tagged = FLAC(daemon.music / name)
        tagged["title"], tagged["artist"] = title, artist
        tagged.save()
    assert daemon.run("run", "--once").returncode == 0
    return daemon


def lines(ended: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_search_finds_tracks_and_artists_whatever_their_accents(songs: CommandLine) -> None:
    found = songs.run("search", "bjork", "moon", "--json")
    assert [(one["title"], one["path"]) for one in lines(found)] == [("Moonlight", "slow.flac")]
    shown = songs.run("search", "BJÖRK").stdout
    assert "artist  tracks" in shown
    assert "Björk        2" in shown
    assert "Moonlight" in shown
    assert songs.run("search", "nobody").stdout == "nothing found\n"


def test_a_hostile_title_is_shown_as_text(songs: CommandLine) -> None:
    for arguments in (("search", "evil"), ("show", "album/evil.flac"), ("search", "evil", "--json")):
        shown = songs.run(*arguments).stdout
        assert "<b>" in shown
        assert not {"\u202e", "\x1b"} & set(shown)


def test_show_names_the_song(songs: CommandLine) -> None:
    shown = songs.run("show", "slow.flac").stdout
    assert "  title     Moonlight\n  artist    Björk\n" in shown


def test_a_list_has_the_order_that_is_asked_for(songs: CommandLine) -> None:
    by_tempo = [one["path"] for one in lines(songs.run("list", "--sort", "-bpm", "--json"))]
    assert by_tempo == ["album/fast.flac", "album/evil.flac", "slow.flac"]
    by_title = songs.run("list", "--sort", "title").stdout.splitlines()[2:]
    assert [line.split()[0] for line in by_title] == ["album/evil.flac", "slow.flac", "album/fast.flac"]
    assert songs.run("list", "--sort", "size").returncode == 2


def test_a_track_is_named_by_artist_and_title(songs: CommandLine) -> None:
    for words in ("Björk - Moonlight", "bjork moonl"):
        ended = songs.run("similar", words)
        assert ended.returncode == 1  # there is no model, so that no track has an embedding
        assert "embedding" in ended.stderr
    assert "not in the library" in songs.run("similar", "nobody at all").stderr


def test_tags_are_written_by_folder_and_where_they_are_missing(songs: CommandLine, tmp_path: Path) -> None:
    copy = CommandLine(tmp_path, songs.environment)
    for folder, target in ((songs.music, copy.music), (songs.data, copy.data)):
        shutil.copytree(folder, target, dirs_exist_ok=True)
    assert copy.run("tag").returncode == 2
    shown = copy.run("tag", "album").stdout
    assert [line.split()[2] for line in shown.splitlines()] == ["album/evil.flac", "album/fast.flac"]
    assert copy.run("tag", "--write", "slow.flac").returncode == 0
    assert FLAC(copy.music / "slow.flac")["bpm"]
    missing = copy.run("tag", "--missing").stdout.splitlines()
    assert [line.split()[2] for line in missing] == ["album/evil.flac", "album/fast.flac"]
    assert len(copy.run("tag", "--all").stdout.splitlines()) == 3
    signals.write(copy.music / "sun.au", signals.song(8, bpm=100))
    copy.run("run", "--once")
    refused = copy.run("tag", "--missing").stderr
    assert "sun.au" in refused
    assert "Error" not in refused, "a name of Python's tells people nothing"
    assert "not analyzed yet" in copy.run("tag", "nowhere").stderr


def test_a_track_that_was_analyzed_in_part_is_not_tagged(songs: CommandLine, tmp_path: Path) -> None:
    copy = CommandLine(tmp_path, songs.environment)
    shutil.copytree(songs.data, copy.data, dirs_exist_ok=True)
    with open_parts(copy.data) as parts:
        known, analysis = parts.library.get("slow.flac"), parts.store.get("slow.flac")
        parts.store.record(known.file_id, replace(analysis, status=Status.PARTIAL), attempts=1)
    shutil.copytree(songs.music, copy.music, dirs_exist_ok=True)
    before = (copy.music / "slow.flac").read_bytes()
    refused = copy.run("tag", "--write", "slow.flac")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "slow.flac: partial; only tracks that were analyzed whole are tagged" in refused.stderr
    assert (copy.music / "slow.flac").read_bytes() == before
    assert "slow.flac" not in copy.run("tag", "--all").stdout


def test_one_damaged_result_is_named_and_keeps_no_other_track_from_its_tags(songs: CommandLine, tmp_path: Path) -> None:
    copy = CommandLine(tmp_path, songs.environment)
    for folder, target in ((songs.music, copy.music), (songs.data, copy.data)):
        shutil.copytree(folder, target, dirs_exist_ok=True)
    with open_parts(copy.data) as parts:
        known = parts.library.get("album/fast.flac")
        with parts.database.transaction() as connection:
            connection.execute("UPDATE analyses SET result = substr(result, 1, 90) WHERE file_id = ?", (known.file_id,))
    shown = [line.split()[2] for line in copy.run("tag", "--all").stdout.splitlines()]
    assert shown == ["album/evil.flac", "slow.flac"]
    exported = copy.run("export")
    assert (exported.returncode, len(lines(exported))) == (1, 1)
    assert exported.stderr.startswith("playlista: album/fast.flac: its stored result is damaged; analyze it again with")
    copy.run("retry", "album/fast.flac")
    copy.run("run", "--once")
    assert len(lines(copy.run("export"))) == 3


def test_fields_and_whose_tags_may_be_replaced_are_chosen_for_one_run(songs: CommandLine, tmp_path: Path) -> None:
    copy = CommandLine(tmp_path, songs.environment)
    for folder, target in ((songs.music, copy.music), (songs.data, copy.data)):
        shutil.copytree(folder, target, dirs_exist_ok=True)
    path = copy.music / "slow.flac"
    theirs = FLAC(path)
    theirs["bpm"] = "45"
    theirs.save()
    assert copy.run("tag", "--write", "--fields", "bpm", "--overwrite", "ours", "slow.flac").stdout == (
        "kept  slow.flac  bpm\n"
    )
    assert copy.run("tag", "--write", "--fields", "bpm", "slow.flac").stdout.startswith("wrote  slow.flac  bpm=")
    assert copy.run("tag", "--write", "--fields", "bpm", "slow.flac").stdout == "unchanged  slow.flac\n"
    assert "key" not in FLAC(path)
    assert copy.run("tag", "--fields", "tempo", "slow.flac").returncode == 2


def test_what_is_tagged_is_told_to_scripts(songs: CommandLine, tmp_path: Path) -> None:
    copy = CommandLine(tmp_path, songs.environment)
    for folder, target in ((songs.music, copy.music), (songs.data, copy.data)):
        shutil.copytree(folder, target, dirs_exist_ok=True)
    would, missing = lines(ended := copy.run("tag", "--json", "--fields", "bpm", "slow.flac", "nowhere"))
    assert (ended.returncode, ended.stderr) == (3, "")
    assert (would["path"], would["result"], list(would["fields"]), would["kept"]) == (
        *("slow.flac", "would_write"),
        *(["bpm"], []),
    )
    assert (missing["path"], missing["result"], missing["fields"]) == ("nowhere", "failed", {})
    assert "not analyzed yet" in missing["error"]
    (wrote,) = lines(copy.run("tag", "--json", "--write", "--fields", "bpm", "slow.flac"))
    assert wrote == {**would, "result": "wrote"}
    assert FLAC(copy.music / "slow.flac")["bpm"] == [wrote["fields"]["bpm"]]
    theirs = FLAC(copy.music / "slow.flac")
    theirs["bpm"] = "45"
    theirs.save()
    (kept,) = lines(copy.run("tag", "--json", "--fields", "bpm", "--overwrite", "ours", "slow.flac"))
    assert (kept["result"], kept["fields"], kept["kept"], kept["error"]) == ("kept", {}, ["bpm"], None)
    assert copy.run("tag", "--missing", "--overwrite", "all").returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands(songs: CommandLine, shell: str) -> None:
    asked = {
        "bash": {"COMP_WORDS": "playlista sea", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "playlista sea"},
        "fish": {"_TYPER_COMPLETE_ARGS": "playlista sea", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    daemon = CommandLine(songs.music.parent, {**songs.environment, "_PLAYLISTA_COMPLETE": f"complete_{shell}", **asked})
    assert "search" in daemon.run().stdout


def test_tags_are_known_by_any_capitals_and_similar_ones_are_suggested() -> None:
    known = ("Mellow", "jazz", "female vocalists", "Hip-Hop")
    assert tag_named("MELLOW", known) == "Mellow"
    assert tag_named("hip-hop", known) == "Hip-Hop"
    with pytest.raises(PlaylistaError, match="did you mean 'female vocalists'"):
        tag_named("female vocalist", known)
    with pytest.raises(PlaylistaError, match="there are: Hip-Hop, Mellow"):
        tag_named("xyz", known)
