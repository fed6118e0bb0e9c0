"""Names that would act on a terminal, in everything that is written to one."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from playlista.logs import configure_logging
from playlista.printable import printable, printable_json
from tests import signals
from tests.ffmpeg import ffmpeg
from tests.libraries import child_environment

HOSTILE = "esc\x1b[31m, csi\x9b2J, bell\x07, rtl\u202e, isolate\u2066, line\n\u2028, bytes\udcff.mp3"
ACTIVE = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F))}
ACTIVE |= {chr(code) for code in (*range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, *range(0xD800, 0xE000))}


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    configure_logging("info", "console", stream)
    yield stream
    logging.basicConfig(handlers=handlers, level=level, force=True)
    structlog.reset_defaults()


def written(console: io.StringIO) -> str:
    """What has been logged; a thread of its own writes it."""
    for handler in logging.root.handlers:
        handler.flush()
    return console.getvalue()


@given(st.text(st.characters() | st.sampled_from(sorted(ACTIVE))))
def test_nothing_that_a_terminal_acts_on_is_left_and_everything_else_is(text: str) -> None:
    shown = printable(text)
    assert not ACTIVE & set(shown)
    if not ACTIVE & set(text):
        assert shown == text


@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(sorted(ACTIVE)))))
def test_json_reads_back_unchanged_and_acts_on_nothing(document: dict[str, str]) -> None:
    line = printable_json(document)
    assert not ACTIVE & set(line)
    assert json.loads(line) == json.loads(json.dumps(document))


def test_letters_of_every_language_and_spaces_of_japanese_names_stay_as_they_are() -> None:
    name = "Björk/日本語　曲/שלום/👩\u200d🎤.flac"
    assert printable(name) == name


def test_the_console_log_escapes_names_and_keeps_one_event_on_one_line(console: io.StringIO) -> None:
    structlog.get_logger("test").warning("track.failed", path=HOSTILE, detail=HOSTILE)
    logging.getLogger("test").warning("track.broke", extra={"path": HOSTILE})
    lines = written(console).splitlines()
    assert len(lines) == 2
    assert not ACTIVE & set("".join(lines))


def test_a_trace_in_the_console_log_stays_readable_and_harmless(console: io.StringIO) -> None:
    def fails() -> None:
        raise ValueError(HOSTILE.replace("\udcff", ""))  # pytest-xdist cannot send what it captures of it

    try:
        fails()
    except ValueError:
        structlog.get_logger("test").exception("track.broke", path="a.mp3")
    lines = written(console).split("\n")
    assert any(line.startswith("Traceback") for line in lines)
    assert not ACTIVE & set("".join(lines))


@pytest.mark.parametrize("arguments", [("show", HOSTILE), ("analyze", HOSTILE), ("analyze", "--json", HOSTILE)])
def test_what_the_command_line_says_of_such_a_name_is_harmless(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = _command(tmp_path, *arguments)
    said = (ended.stdout + ended.stderr).decode("utf-8")
    assert "esc" in said or "library" in said
    assert not ACTIVE & set(said.replace("\n", ""))


def test_a_path_that_is_not_there_is_called_so(tmp_path: Path) -> None:
    ended = _command(tmp_path, "analyze", "nowhere.mp3")
    assert ended.returncode == 3
    assert b"no such file" in ended.stdout


def test_a_damaged_file_leaves_nothing_on_stderr(tmp_path: Path) -> None:
    song = signals.write(tmp_path / "song.wav", signals.song(10))
    whole = tmp_path / "whole.mp3"
    ffmpeg("-i", song, whole)
    (tmp_path / "cut.mp3").write_bytes(whole.read_bytes()[:40_000])
    ended = _command(tmp_path, "analyze", "cut.mp3", "nowhere.mp3")
    assert b"partial" in ended.stdout
    assert ended.stderr == b""


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**child_environment(), "MUSICNN_RUNTIME": "off", "DATA_DIR": str(folder / "data")}
    return subprocess.run(
        [sys.executable, "-m", "playlista", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=300,
        check=False,
    )
