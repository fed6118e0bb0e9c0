"""Which names are music."""

from __future__ import annotations

import pytest

from playlista.watch.filter import is_music, is_music_folder, is_music_path


@pytest.mark.parametrize(
    "name", ["a.mp3", "A.FLAC", "b.Opus", "x.y.m4a", "no tags.wv", "caf\udce9.ogg", "new\nline.wma", "track#1.dsf"]
)
def test_audio_names_are_music(name: str) -> None:
    assert is_music(name)


@pytest.mark.parametrize(
    "name",
    [
        "cover.jpg", "notes.txt", "mp3", ".mp3", "playlist.m3u", "clip.mkv",
        "._song.mp3", ".song.mp3.Xa3f9c", ".hidden.flac", "song.mp3.part", "song.part.mp3", "song.flac.crdownload",
        "song.tmp.ogg", "~song.mp3", "#song.mp3#", "song.mp3~", "",
    ],
)  # fmt: skip
def test_debris_and_other_files_are_not(name: str) -> None:
    assert not is_music(name)


@pytest.mark.parametrize(
    "name", ["@eaDir", ".stfolder", "#recycle", "@Recycle", "$RECYCLE.BIN", "lost+found", ".Trash-1000", "__MACOSX"]
)
def test_folders_of_servers_and_desktops_are_not_entered(name: str) -> None:
    assert not is_music_folder(name)
    assert not is_music_path(f"albums/{name}/a.mp3")


def test_a_path_is_music_if_its_name_and_all_its_folders_are() -> None:
    assert is_music_path("a.mp3")
    assert is_music_path("Sigur Rós/( )/01 Vaka.flac")
    assert not is_music_path(".stversions/a.mp3")
    assert not is_music_path("albums/cover.jpg")
