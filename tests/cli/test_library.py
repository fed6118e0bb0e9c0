"""Commands on a library, as people and scripts call them."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from tests.cli.commands import CommandLine, run_here

IN_ORDER = ["album/middle.ogg", "fast.wav", "slow.flac", "text.mp3"]


def documents(daemon: CommandLine, *arguments: str) -> list[dict[str, Any]]:
    """What a command prints, one JSON object a line."""
    ended = daemon.run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_status_counts_what_there_is(library: CommandLine) -> None:
    (report,) = documents(library, "status", "--json")
    assert {state: count for state, count in report["tracks"].items() if count} == {
        "total": 4,
        "analyzed": 3,
        "failed": 1,
    }
    assert report["last_failure"]["path"] == "text.mp3"
    shown = library.run("status").stdout
    assert "4 total, 3 analyzed, 1 failed" in shown
    assert "daemon     not running" in shown
    assert "queue      empty" in shown


def test_a_list_is_in_the_order_of_paths_and_by_status_where_asked(library: CommandLine) -> None:
    assert [one["path"] for one in documents(library, "list", "--json")] == IN_ORDER
    assert [one["path"] for one in documents(library, "list", "--status", "failed", "--json")] == ["text.mp3"]
    rows = [line.split() for line in library.run("list").stdout.splitlines() if "0:08" in line]
    assert [row[0] for row in rows] == IN_ORDER[:3]


@pytest.mark.parametrize("given", ["album/middle.ogg", "music/album/middle.ogg", "{music}/album/middle.ogg"])
def test_a_track_is_shown_under_its_name_in_the_library_and_as_a_file(library: CommandLine, given: str) -> None:
    (shown,) = documents(library, "show", given.format(music=library.music), "--json")
    assert (shown["path"], shown["status"]) == ("album/middle.ogg", "analyzed")
    assert shown["rhythm"]["bpm"] == pytest.approx(120, rel=0.01)


def test_a_track_that_is_not_there_is_one_line_and_1(library: CommandLine) -> None:
    ended = library.run("show", "nothing.mp3")
    assert ended.returncode == 1
    assert ended.stderr == (
        "playlista: nothing.mp3: not in the library, or not analyzed yet; `playlista list` shows what is\n"
    )


def test_failures_say_which_why_and_how_often(library: CommandLine) -> None:
    (failure,) = documents(library, "failures", "--json")
    assert (failure["path"], failure["status"], failure["reason"]) == ("text.mp3", "failed", "not_audio")
    assert (failure["attempts"], failure["due_at"]) == (1, None)
    assert "no sound that libsndfile or ffmpeg knows" in library.run("failures").stdout


def test_exported_lines_are_the_results(library: CommandLine) -> None:
    assert documents(library, "export", "--format", "jsonl") == documents(library, "list", "--json")


def test_the_flat_table_has_a_row_a_track_and_a_column_a_value(library: CommandLine) -> None:
    rows = list(csv.DictReader(io.StringIO(library.run("export", "--format", "csv").stdout)))
    assert [row["path"] for row in rows] == IN_ORDER
    assert float(rows[1]["rhythm_bpm"]) == pytest.approx(150, rel=0.01)
    assert rows[1]["audio_sample_rate_hz"] == "44100"
    assert len(rows[1]["top_tags"].split("; ")) == 5
    assert (rows[3]["reason"], rows[3]["rhythm_bpm"]) == ("not_audio", "")


def test_acousticbrainz_documents_have_its_names_and_only_tracks_with_sound(library: CommandLine) -> None:
    found = documents(library, "export", "--format", "acousticbrainz")
    assert [one["metadata"]["tags"]["file_name"] for one in found] == ["middle.ogg", "fast.wav", "slow.flac"]
    assert found[0]["metadata"]["audio_properties"]["length"] == pytest.approx(8, abs=0.01)
    assert found[0]["rhythm"]["bpm"] == pytest.approx(120, rel=0.01)


def test_a_collection_for_dj_programs_has_the_tracks_with_sound_where_those_programs_see_them(
    library: CommandLine, tmp_path: Path
) -> None:
    place = tmp_path / "collection.xml"
    command = ("export", "--format", "rekordbox", "-o")
    assert library.run(*command, str(place)).stdout == f"{place}: 3 results\n"
    collection = ElementTree.parse(place).find("COLLECTION")
    assert collection is not None
    tracks = collection.findall("TRACK")
    assert collection.get("Entries") == "3"
    assert [one.get("Location") for one in tracks] == [
        f"file://localhost{quote(str(library.music))}/{name}" for name in IN_ORDER[:3]
    ]
    assert [float(one.get("AverageBpm", "")) for one in tracks] == pytest.approx([120, 150, 90], rel=0.01)
    for track in tracks:
        assert 0 <= float(track[0].get("Inizio", "")) < 2
        assert float(track[0].get("Bpm", "")) == pytest.approx(float(track.get("AverageBpm", "")), rel=0.02)
    mapped = library.run(*command, "-", "--music-path", "D:\\Music").stdout
    assert 'Location="file://localhost/D:/Music/slow.flac"' in mapped
    refused = library.run(*command, "-", "--music-path", "Music")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Music: is not an absolute path" in refused.stderr


def test_an_export_into_a_file_is_whole_or_not_there(library: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "results.jsonl"
    assert library.run("export", "--format", "jsonl", "-o", str(place)).stdout == f"{place}: 4 results\n"
    assert len(place.read_text().splitlines()) == 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.jsonl"]
    nowhere = library.run("export", "-o", str(tmp_path / "missing" / "results.jsonl"))
    assert nowhere.returncode == 1
    assert "cannot be written (No such file or directory)" in nowhere.stderr


@pytest.mark.parametrize(
    "command", [("export", "-o"), ("playlist",), ("similar", "slow.flac", "--m3u"), ("backup",)], ids=lambda one: one[0]
)
def test_no_output_takes_the_place_of_music_or_of_the_library_itself(
    library: CommandLine, tmp_path: Path, command: tuple[str, ...]
) -> None:
    song = tmp_path / "song.mp3"
    song.write_bytes(b"ID3 music")
    refused = library.run(*command, str(song))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--force replaces it" in refused.stderr
    assert song.read_bytes() == b"ID3 music"
    assert library.run(*command, str(song), "--force").returncode == 0
    assert song.read_bytes() != b"ID3 music"
    assert library.run(*command, str(song)).returncode == 0, "it is of the kind now"
    for name in ("playlista.db", "playlista.db-wal", "playlista.lock", "similarity.npz"):
        own = library.run(*command, str(library.data / name), "--force")
        assert own.returncode == 1
        assert "is a file of the library itself" in own.stderr or "is the library itself" in own.stderr
    assert library.run("status").returncode == 0


def test_a_hyphen_is_stdout(library: CommandLine) -> None:
    assert library.run("export", "-o", "-").stdout == library.run("export").stdout
    assert library.run("playlist", "-", "--bpm", "85-95").stdout == f"#EXTM3U\n{library.music}/slow.flac\n"
    assert library.run("similar", "slow.flac", "--m3u", "-").stdout.startswith("#EXTM3U\n/")
    command = [sys.executable, "-m", "playlista", "backup", "-"]
    piped = subprocess.run(
        command, env=library.environment, cwd=library.data.parent, stdout=subprocess.PIPE, check=True
    )
    assert piped.stdout.startswith(b"SQLite format 3\0")


def test_what_sounds_alike_is_ranked_without_the_track_itself(library: CommandLine, tmp_path: Path) -> None:
    found = documents(library, "similar", "slow.flac", "--json")
    assert {one["path"] for one in found} == {"album/middle.ogg", "fast.wav"}
    assert 1 >= found[0]["similarity"] >= found[1]["similarity"] > 0
    place = tmp_path / "alike.m3u"
    library.run("similar", "slow.flac", "-n", "1", "--m3u", str(place))
    assert place.read_text() == f"#EXTM3U\n{library.music}/{found[0]['path']}\n"


def test_a_way_leads_from_one_track_to_another(library: CommandLine) -> None:
    found = documents(library, "path", "slow.flac", "middle", "--json")
    assert [(one["path"], one["step"]) for one in (found[0], found[-1])] == [("slow.flac", 0), ("album/middle.ogg", 1)]
    assert library.run("path", "slow.flac", "album/middle.ogg", "--m3u", "-").stdout.count(str(library.music)) == 3
    assert library.run("path", "slow.flac", "slow.flac").returncode == 1
    assert library.run("similar", "no such words").returncode == 1


def test_a_playlist_has_what_fits_and_the_best_first(library: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "list.m3u"
    assert library.run("playlist", str(place), "--bpm", "85-125").stdout == f"{place}: 2 tracks\n"
    assert place.read_text() == f"#EXTM3U\n{library.music}/album/middle.ogg\n{library.music}/slow.flac\n"
    library.run("playlist", str(place), "--tag", "electronic>=0.1")
    activations = {
        one["path"]: one["tags"]["electronic"] for one in documents(library, "list", "--status", "analyzed", "--json")
    }
    fitting = (path for path, activation in activations.items() if activation >= 0.1)
    ranked = sorted(fitting, key=lambda path: -round(activations[path], 3))
    assert place.read_text().splitlines()[1:] == [f"{library.music}/{path}" for path in ranked]


def test_a_playlist_of_a_tag_that_no_track_has_is_empty_rather_than_wrong(library: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "list.m3u"
    assert library.run("playlist", str(place), "--tag", "country>=0.9").stdout == f"{place}: 0 tracks\n"
    assert place.read_text() == "#EXTM3U\n"


def test_paths_are_those_of_other_programs_where_they_are_told(library: CommandLine) -> None:
    told = {**library.environment, "PLAYLIST_PATH": "/data/music"}
    for command in (("playlist", "-", "--bpm", "85-95"), ("similar", "fast.wav", "-n", "2", "--m3u", "-")):
        ended = run_here(command, told, library.data.parent)
        assert "/data/music/slow.flac" in ended.stdout.splitlines()


def test_a_preview_lists_a_playlist_and_says_what_is_wrong_with_its_rule(library: CommandLine) -> None:
    rules = library.data / "playlists.toml"
    rules.write_text("['Slow']\nbpm = '85-125'\norder = '-bpm'\n")
    try:
        assert [one["path"] for one in documents(library, "playlist", "--preview", "Slow", "--json")] == [
            "album/middle.ogg",
            "slow.flac",
        ]
        assert "album/middle.ogg" in library.run("playlist", "--preview", "Slow").stdout
        unknown = library.run("playlist", "--preview", "Slwo")
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert unknown.stderr.startswith("playlista: no playlist is called 'Slwo'; there are: 'Slow', 'Calm evening'")
        rules.write_text("['Slow']\nbmp = '85-125'\n")
        wrong = library.run("playlist", "--preview", "Slow")
        assert wrong.returncode == 1
        assert wrong.stderr == f"playlista: {rules}:2: 'Slow': bmp is unknown; did you mean bpm?\n"
    finally:
        rules.unlink()


def test_a_tag_that_the_model_does_not_know_is_said_with_those_that_it_does(
    library: CommandLine, tmp_path: Path
) -> None:
    ended = library.run("playlist", str(tmp_path / "list.m3u"), "--tag", "jaz")
    assert ended.returncode == 1
    assert "no tag is called 'jaz'; did you mean 'jazz'?" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_backup_is_a_database_of_its_own(library: CommandLine, tmp_path: Path) -> None:
    place = tmp_path / "copy.db"
    assert library.run("backup", str(place)).returncode == 0
    with sqlite3.connect(place) as copy:
        assert copy.execute("SELECT count(*) FROM analyses").fetchone() == (4,)
    copy.close()


def test_without_a_library_every_command_says_what_to_do(library: CommandLine, tmp_path: Path) -> None:
    for command in (("status",), ("list",), ("failures",), ("retry", "--all"), ("similar", "x"), ("export",)):
        ended = library.run(*command, "--data", str(tmp_path))
        assert ended.returncode == 1
        assert ended.stderr == (
            f"playlista: {tmp_path}/playlista.db: no library here yet; start the daemon once with `playlista run`\n"
        )


@pytest.fixture
def own_library(library: CommandLine, tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[CommandLine]:
    """A copy of the library that the test may change."""
    daemon = CommandLine(tmp_path, clean_environment)
    for folder, copy in ((library.music, daemon.music), (library.data, daemon.data)):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    yield daemon
    daemon.close()


def test_what_is_put_back_is_tried_again(own_library: CommandLine) -> None:
    assert own_library.run("retry", "text.mp3").stdout == "1 queued again\n"
    assert json.loads(own_library.run("status", "--json").stdout)["queue"]["queued"] == 1
    (own_library.music / "text.mp3").unlink()
    assert own_library.run("run", "--once").returncode == 0
    assert own_library.run("failures").stdout == "nothing failed\n"
    assert own_library.run("retry", "--all").stdout == "0 queued again\n"
    unknown = own_library.run("retry", "unknown.mp3")
    assert unknown.returncode == 1
    assert "unknown.mp3: not in the library" in unknown.stderr


def test_tags_are_shown_first_and_written_only_where_asked(own_library: CommandLine) -> None:
    import mutagen

    track = own_library.music / "slow.flac"
    before = track.read_bytes()
    dry = own_library.run_as_process("tag", "slow.flac")
    assert dry.stdout.startswith("would write  slow.flac  bpm=")
    assert track.read_bytes() == before
    assert own_library.run("tag", "--write", "slow.flac").returncode == 0
    assert float(mutagen.File(track)["BPM"][0]) == pytest.approx(90, rel=0.01)
    assert own_library.run("tag", "text.mp3").returncode == 3


def test_a_file_that_cannot_be_tagged_gets_its_line_and_the_others_their_tags(own_library: CommandLine) -> None:
    music = own_library.music
    whole = (music / "fast.wav").read_bytes()
    (music / "fast.wav").write_bytes(whole[: len(whole) // 2])  # other music than was analyzed, and cut short
    ended = own_library.run("tag", "--write", "text.mp3", "fast.wav", "missing.mp3", "slow.flac", "album/middle.ogg")
    assert ended.returncode == 3
    assert [line.split()[:2] for line in ended.stdout.splitlines()] == [
        ["wrote", "slow.flac"],
        ["wrote", "album/middle.ogg"],
    ]
    lines = ended.stderr.splitlines()
    assert [line.removeprefix(f"playlista: {music}/").split(": ")[0] for line in lines] == [
        "playlista",
        "fast.wav",
        "playlista",
    ]
    assert "its header states a size that it does not have" in lines[1]
