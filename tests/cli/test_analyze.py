"""``playlista analyze``: files outright, folders by their music, one object a line."""

from __future__ import annotations

import json
from pathlib import Path

from tests import signals
from tests.cli.commands import CommandLine


def test_a_folder_is_walked_in_order_by_its_music_and_named_files_always_get_their_line(
    library: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "@eaDir").mkdir()
    for name in ("b/z.wav", "a.wav", "@eaDir/x.wav"):
        signals.write(tmp_path / name, signals.song(2))
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8\xff\xe0 a picture")
    ended = library.run("analyze", "--json", str(tmp_path), str(tmp_path / "cover.jpg"), str(tmp_path / "gone.mp3"))
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 3
    assert "left out 1 paths (1 Synology's thumbnails and indexes), such as @eaDir/" in ended.stderr
    assert [(Path(one["path"]).name, one["status"], one["reason"]) for one in found] == [
        ("a.wav", "analyzed", None),
        ("z.wav", "analyzed", None),
        ("cover.jpg", "failed", "not_audio"),
        ("gone.mp3", "failed", "vanished"),
    ]


def test_a_track_is_told_in_a_few_lines_for_people(library: CommandLine) -> None:
    ended = library.run("analyze", str(library.music / "slow.flac"))
    assert (ended.returncode, ended.stderr) == (0, "")
    names = [line.split()[0] for line in ended.stdout.splitlines()[1:]]
    assert names == ["title", "audio", "tempo", "key", "loudness", "tags", "mood", "health", "made", "cost"]


def test_a_folder_without_music_is_said(library: CommandLine, tmp_path: Path) -> None:
    ended = library.run("analyze", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == f"playlista: {tmp_path}: no audio files in this folder\n"


def test_without_a_model_there_are_no_tags_and_a_line_that_says_so(library: CommandLine, tmp_path: Path) -> None:
    library.environment["MODELS_DIR"], former = str(tmp_path), library.environment["MODELS_DIR"]
    try:
        ended = library.run("analyze", "--json", str(library.music / "slow.flac"))
    finally:
        library.environment["MODELS_DIR"] = former
    assert json.loads(ended.stdout)["tags"] is None
    assert ended.stderr.startswith("playlista: tracks get no tags: no model in ")
    assert "playlista models prepare" in ended.stderr
