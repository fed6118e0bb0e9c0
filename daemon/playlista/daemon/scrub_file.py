"""Reads one file again and compares it with what its result was made from.

Input: a file that the library knows. Output: that it is sound, that it rotted, or that it is another file by now, which
the scan will see to. Only the hash of all bytes decides; that of the encoded audio says what rotted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

from playlista.decode.content import FileHashing
from playlista.decode.source import StreamBrokenError
from playlista.decode.storage import fault_of
from playlista.library.file_rows import as_stored, same_content, same_file
from playlista.library.scrubs import DueScrub, Scrubbed
from playlista.tracks import TrackFile
from playlista.tracks.origin import Origin

AUDIO_ROTTED = "its audio is not what was analyzed, though its size and time stamp are the same"
TAGS_ROTTED = "its tags, pictures or padding are not what they were, though its size and time stamp are the same"


def scrub_file(music_dir: str, due: DueScrub, *, passed: Callable[[int], object]) -> Scrubbed | TrackFile | None:
    """Read a file from its beginning to its end.

    Parameters
    ----------
    passed : told how many bytes were read, after each MiB; it may wait, or raise to give up.

    Returns
    -------
    What was found; the file as it is now, where it was changed on purpose; None where that cannot be told, because it
    is gone or was written to while it was read.

    Raises
    ------
    TrackError : it cannot be read, with whose fault it is.
    """
    path = os.path.join(music_dir, due.file.path)
    try:
        before = TrackFile.from_stat(due.file.path, os.stat(path))
        if not same_file(due.file, as_stored(before)):
            return before
        with closing(FileHashing(path, keep_cached_bytes=0)) as hashing:
            while count := hashing.step():
                passed(count)
            read = hashing.result()
        if TrackFile.from_stat(due.file.path, os.stat(path)) != before:
            return None
    except FileNotFoundError:
        return None
    except StreamBrokenError as broken:
        raise broken.of_track(due.file.path) from broken
    except OSError as error:
        raise fault_of(error).of_track(due.file.path) from error
    return _compared(due, before, read)


def _compared(due: DueScrub, seen: TrackFile, read: Origin) -> Scrubbed | TrackFile:
    if read.content == due.origin.content:
        return Scrubbed(due, seen, None)
    same_audio = read.encoded is not None and read.encoded == due.origin.encoded
    if same_audio and not same_content(due.file, as_stored(seen)):
        return seen  # a program that writes tags and sets the time stamp back; the ctime tells of it
    return Scrubbed(due, seen, TAGS_ROTTED if same_audio else AUDIO_ROTTED)
