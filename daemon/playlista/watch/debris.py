"""Names that are certain to be no music: what known programs leave between the files, each with its program.

A name is decided by the name alone; nothing is opened. Only exact names and patterns that one program is known to write
are listed, since bands and albums are called ".38 Special", "...And Justice for All", "#9 Dream" and "Recycler". A
half-written file needs no entry: its size still changes, and the watcher waits until it stops. Files that end in
".part", ".tmp" or ".crdownload" have no audio extension and are never looked at.
"""

from __future__ import annotations

import os
import re

#: File extensions, in lower case, that are taken for audio.
AUDIO_EXTENSIONS = frozenset(
    {
        ".3ga", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".dff", ".dsf", ".dts",
        ".eac3", ".flac", ".m4a", ".m4b", ".m4r", ".mka", ".mp2", ".mp3", ".mpc", ".oga", ".ogg", ".opus", ".ra",
        ".rf64", ".snd", ".spx", ".tak", ".tta", ".w64", ".wav", ".wave", ".wma", ".wv",
    }
)  # fmt: skip

#: Folders by their exact name, as the program writes it, and what they are.
DEBRIS_FOLDERS = {
    "@eaDir": "Synology's thumbnails and indexes",
    "#recycle": "Synology's recycle bin",
    "#snapshot": "Synology's snapshots",
    "@Recycle": "QNAP's recycle bin",
    "@Recently-Snapshot": "QNAP's snapshots",
    ".@__thumb": "QNAP's thumbnails",
    "$RECYCLE.BIN": "Windows' recycle bin",
    "$Recycle.Bin": "Windows' recycle bin",
    "System Volume Information": "Windows' restore points",
    "lost+found": "fsck's found fragments",
    "__MACOSX": "resource forks in a ZIP made by macOS",
    ".AppleDouble": "netatalk's resource forks",
    ".AppleDB": "netatalk's database",
    ".AppleDesktop": "netatalk's database",
    ".DocumentRevisions-V100": "macOS's document versions",
    ".Spotlight-V100": "macOS's search index",
    ".TemporaryItems": "macOS's temporary files",
    ".Trash": "macOS's trash",
    ".Trashes": "macOS's trash",
    ".fseventsd": "macOS's event log",
    ".dropbox.cache": "Dropbox's cache",
    ".recycle": "Samba's recycle bin",
    ".rsync-partial": "rsync's partial transfers",
    ".~tmp~": "rsync's delayed updates",
    ".snapshot": "a file server's snapshots",
    ".snapshots": "snapper's snapshots",
    ".stfolder": "Syncthing's marker",
    ".stversions": "Syncthing's old versions",
    ".sync": "Resilio Sync's database and archive",
    ".zfs": "ZFS's snapshots",
}

#: Folders whose name carries a number or an identifier.
DEBRIS_FOLDER_PATTERNS = (
    (re.compile(r"\.Trash-\d+"), "a desktop's trash"),
    (re.compile(r"S-1-5-\d+(-\d+)*"), "a user's part of Windows' recycle bin"),
)

#: Files that have an audio extension and yet are none.
DEBRIS_FILE_PATTERNS = (
    (re.compile(r"\._.+", re.DOTALL), "macOS's resource fork of another file"),
    (re.compile(r"\.playlista-[0-9a-f]{32}(\..*)?", re.DOTALL), "Playlista's own copy while it writes tags"),
)


def is_audio_name(name: str) -> bool:
    """Whether a file of this name, without its folder, has an audio extension."""
    return os.path.splitext(name)[1].lower() in AUDIO_EXTENSIONS


def debris_folder(name: str) -> str | None:
    """What a folder of this name is, if it is certain to be no music; else None."""
    known = DEBRIS_FOLDERS.get(name)
    return known or _matching(name, DEBRIS_FOLDER_PATTERNS)


def debris_file(name: str) -> str | None:
    """What a file of this name is, if it is certain to be no music; else None."""
    return _matching(name, DEBRIS_FILE_PATTERNS)


def _matching(name: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str | None:
    return next((about for pattern, about in patterns if pattern.fullmatch(name)), None)
