"""Which names in a music folder are music, and which are the debris of servers, editors and half-done copies.

Decided by the name alone: nothing is opened. What is not audio under an audio name is found out by the decoder.
"""

from __future__ import annotations

import os

#: Endings, in lower case, that are taken for audio.
AUDIO_EXTENSIONS = frozenset(
    {
        ".3ga", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".dff", ".dsf", ".dts",
        ".eac3", ".flac", ".m4a", ".m4b", ".m4r", ".mka", ".mp2", ".mp3", ".mpc", ".oga", ".ogg", ".opus", ".ra",
        ".rf64", ".snd", ".spx", ".tak", ".tta", ".w64", ".wav", ".wave", ".wma", ".wv",
    }
)  # fmt: skip

#: Folders that NAS systems and desktops put between the music: thumbnails, bins, indexes, markers.
IGNORED_FOLDERS = frozenset(
    {"@eadir", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "$recycle.bin", "lost+found", "recycler",
     "system volume information", "__macosx"}
)  # fmt: skip

#: Beginnings of names that programs give to files while they write them, besides the dot.
TEMPORARY_PREFIXES = ("~", "#")

#: Endings of unfinished files. Most hide the audio ending behind them; the check is for "song.part.mp3" and the like.
TEMPORARY_ENDINGS = frozenset(
    {".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".!qb", ".!ut", ".aria2"}
)


def is_music(name: str) -> bool:
    """Whether a file of this name, without its folder, is to be analyzed.

    Hidden files are not: ``._song.mp3`` holds a Mac's resource fork, ``.song.mp3.Xa3f`` is rsync at work.
    """
    if name.startswith(".") or name.startswith(TEMPORARY_PREFIXES):
        return False
    stem, extension = os.path.splitext(name.lower())
    return extension in AUDIO_EXTENSIONS and os.path.splitext(stem)[1] not in TEMPORARY_ENDINGS


def is_music_folder(name: str) -> bool:
    """Whether a folder of this name, without its parents, is to be entered."""
    return not name.startswith(".") and name.lower() not in IGNORED_FOLDERS


def is_music_path(path: str) -> bool:
    """Whether a file at this path, relative to the music folder, is to be analyzed: its name and every folder."""
    *folders, name = path.split("/")
    return is_music(name) and all(map(is_music_folder, folders))
