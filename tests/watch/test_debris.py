"""Which names are certain to be no music."""

from __future__ import annotations

import pytest

from playlista.watch.debris import debris_file, debris_folder, is_audio_name


@pytest.mark.parametrize(
    "name",
    [
        "a.mp3", "A.FLAC", "b.Opus", "x.y.m4a", "no tags.wv", "caf\udce9.ogg", "new\nline.wma", "track#1.dsf",
        "#9 Dream.mp3", "#41.mp3", "~ Interlude.mp3", "Echoes.Part.mp3", "...Baby One More Time.mp3", "Body.temp.ogg",
        ".38 Special - Hold On Loosely.mp3", "Part.part.flac", "Thumbs.db.mp3", "~$.mp3", ".playlista-mix.mp3",
    ],
)  # fmt: skip
def test_songs_are_music_whatever_they_are_called(name: str) -> None:
    assert is_audio_name(name)
    assert debris_file(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "cover.jpg", "notes.txt", "mp3", ".mp3", "playlist.m3u", "clip.mkv", "",
        ".song.mp3.Xa3f9c", "song.mp3.part", "song.flac.crdownload", "#song.mp3#", "song.mp3~",
        ".syncthing.song.mp3.tmp", "song.mp3.!qB", ".fuse_hidden0000004200000001", ".nfs00000000001d2b2a00000001",
    ],
)  # fmt: skip
def test_what_has_no_audio_extension_is_not_looked_at(name: str) -> None:
    assert not is_audio_name(name)


@pytest.mark.parametrize("name", ["._song.mp3", ".playlista-0123456789abcdef0123456789abcdef.flac"])
def test_files_of_known_programs_are_debris(name: str) -> None:
    assert debris_file(name)


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir", ".stfolder", ".stversions", "#recycle", "@Recycle", "$RECYCLE.BIN", "lost+found", ".Trash-1000",
        "__MACOSX", ".Trashes", "S-1-5-21-3623811015-3361044348-30300820-1013", "System Volume Information", ".zfs",
    ],
)  # fmt: skip
def test_folders_of_known_programs_are_debris(name: str) -> None:
    assert debris_folder(name)


@pytest.mark.parametrize(
    "name",
    [
        "...And Justice for All", ".38 Special", "..Hits", "Recycler", "RECYCLER", "#1 Record", "@Home", "$uicideboy$",
        "Trash", "Sigur Rós", "( )", "~", "S-1", "Lost+Found", "Snapshot", ".5: The Gray Chapter",
    ],
)  # fmt: skip
def test_bands_and_albums_are_not_debris(name: str) -> None:
    assert debris_folder(name) is None
