"""A damaged MP3 is reported by us, once, and not by its decoder on the user's terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playlista.decode.readers.mpeg_notices import MpegNotices
from tests.decode.files import chord, encoded, outcome


def damaged_mp3(path: Path) -> Path:
    """An MP3 with a hole and a tag that says more than there is: mpg123 has something to say on both."""
    encoded(chord(10, 44100, 2), 44100, path, "-c:a", "libmp3lame", "-b:a", "128k")
    content = bytearray(path.read_bytes())
    content[40_000:60_000] = b"\x33" * 20_000
    path.write_bytes(content[:120_000])
    return path


def test_nothing_of_a_damaged_mp3_reaches_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = damaged_mp3(tmp_path / "track.mp3")
    capfd.readouterr()

    with caplog.at_level("DEBUG", "playlista"):
        assert outcome(path) == "partial: corrupt"

    assert capfd.readouterr().err == ""
    complaints = [record for record in caplog.records if record.message == "decoder.complained"]
    assert complaints
    assert all(record.levelname == "DEBUG" for record in complaints)


def test_what_others_write_meanwhile_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    notices = MpegNotices()
    with notices.suppressed():
        os.write(2, b"Note: Trying to resync...\nsomebody else's line\n")
        os.write(2, b"[src/libmpg123/parse.c:wetwork():1349] error: Giving up resync\n")
    with notices.suppressed():
        pass
    notices.close()

    assert capfd.readouterr().err == "somebody else's line\n"


def test_an_error_in_the_call_leaves_standard_error_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    notices = MpegNotices()
    with pytest.raises(ValueError, match="decoder"), notices.suppressed():
        raise ValueError("decoder")
    notices.close()
    os.write(2, b"still here\n")

    assert capfd.readouterr().err == "still here\n"


def test_a_process_without_standard_error_decodes_all_the_same(tmp_path: Path) -> None:
    path = damaged_mp3(tmp_path / "track.mp3")
    kept = os.dup(2)
    os.close(2)
    try:
        ending = outcome(path)
    finally:
        os.dup2(kept, 2)
        os.close(kept)

    assert ending == "partial: corrupt"
