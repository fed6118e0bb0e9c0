"""The ffmpeg child: it is bounded, it is watched, it ends with its source, and its fate is told."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from playlista.decode.readers import ffmpeg_child
from playlista.errors import DecodeError, FailureReason, Interrupted
from tests.decode.files import MIB, chord, decoded, encoded, opened
from tests.patience import allowed, programs_per_cpu

RATE_HZ = 44100


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of AAC, far more than fits between the child and us."""
    return encoded(chord(60, RATE_HZ, 2), RATE_HZ, tmp_path_factory.mktemp("minute") / "minute.m4a")


@pytest.fixture(autouse=True)
def every_child_is_reaped() -> Iterator[None]:
    """No test may leave a child, running or dead."""
    before = set(psutil.Process().children())
    yield
    gc.collect()
    assert set(psutil.Process().children()) <= before


def the_child() -> psutil.Process:
    (child,) = [child for child in psutil.Process().children() if "ffmpeg" in child.name()]
    return child


def wait_until_idle(child: psutil.Process) -> None:
    """Return once `child` has used no CPU time for a while: it waits, or it is done."""
    used, quiet_polls = -1.0, 0
    while quiet_polls < 10:
        time.sleep(0.01)
        now = sum(child.cpu_times()[:2])
        quiet_polls, used = (quiet_polls + 1, used) if now == used else (0, now)


def test_the_child_reads_only_the_open_file_and_may_touch_nothing_else(minute: Path) -> None:
    with opened(minute):
        command = the_child().cmdline()

    assert command[command.index("-protocol_whitelist") + 1] == "file"
    demuxers = command[command.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "concat", "dash", "image2", "sdp", "applehttp", "lavfi", "tty"} & set(demuxers)
    assert "-nostdin" in command
    assert str(minute) not in " ".join(command)


def test_the_child_is_limited_polite_and_the_first_to_go(minute: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFREPORT", "file=/tmp/never.log")  # with this, ffmpeg would write a file
    with opened(minute, timeout_seconds=50, child_memory_bytes=200 * MIB):
        child = the_child()
        assert child.rlimit(resource.RLIMIT_DATA) == (200 * MIB, 200 * MIB)
        assert child.rlimit(resource.RLIMIT_CORE) == (0, 0)
        assert 50 <= child.rlimit(resource.RLIMIT_CPU)[1] <= 60
        assert child.nice() >= 5
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text(encoding="ascii").strip() == "1000"
        assert os.getsid(child.pid) != os.getsid(0)  # the terminal's Ctrl-C does not reach it
        assert "FFREPORT" not in child.environ()


def test_the_child_waits_for_a_slow_reader_instead_of_filling_memory(minute: Path) -> None:
    with opened(minute, block_seconds=0.5) as source:
        child = the_child()
        wait_until_idle(child)
        assert child.is_running()  # 60 s would be 21 MB; it is stuck in its pipe after about 1 MB
        assert source.retained_bytes < 2 * MIB
        assert sum(len(block) for block in source.blocks()) == pytest.approx(60 * RATE_HZ, abs=2048)


def test_closing_early_ends_the_child_at_once(minute: Path) -> None:
    source = opened(minute)
    child = the_child()
    began = time.monotonic()
    source.close()
    source.close()

    assert not child.is_running()
    assert time.monotonic() - began < allowed(1)


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (signal.SIGSEGV, FailureReason.CRASHED),
        (signal.SIGABRT, FailureReason.CRASHED),
        (signal.SIGKILL, FailureReason.OVER_BUDGET),
    ],
)
def test_a_child_that_dies_midway_leaves_what_it_decoded_and_the_reason(
    fate: signal.Signals, reason: FailureReason, minute: Path
) -> None:
    with opened(minute, block_seconds=0.5) as source:
        blocks = source.blocks()
        next(blocks)
        the_child().send_signal(fate)
        with pytest.raises(DecodeError) as caught:
            list(blocks)
        assert 0 < source.frames_decoded < 60 * RATE_HZ

    assert caught.value.reason is reason


def test_a_child_that_hangs_is_given_up_at_the_deadline(minute: Path) -> None:
    timeout_seconds = round(1.5 * programs_per_cpu(), 1)
    with opened(minute, block_seconds=0.5, timeout_seconds=timeout_seconds) as source:
        blocks = source.blocks()
        next(blocks)
        the_child().suspend()
        began = time.monotonic()
        with pytest.raises(DecodeError, match=f"within {timeout_seconds:g} s") as caught:
            list(blocks)
        assert time.monotonic() - began < allowed(3)

    assert caught.value.reason is FailureReason.DECODE_TIMEOUT


def test_a_child_that_hangs_before_its_first_byte_is_given_up_at_the_deadline(
    minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = tmp_path / "ffmpeg"
    stuck.write_text("#!/bin/sh\nexec sleep 100\n", encoding="ascii")
    stuck.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(stuck))

    with pytest.raises(DecodeError) as caught:
        opened(minute, timeout_seconds=0.5)

    assert caught.value.reason is FailureReason.DECODE_TIMEOUT


@pytest.mark.parametrize("when", ["while it decodes", "while it hangs"])
def test_a_stop_ends_decoding_within_a_moment(when: str, minute: Path) -> None:
    wanted = True
    with opened(minute, block_seconds=0.5, stop=lambda: not wanted) as source:
        blocks = source.blocks()
        next(blocks)
        if when == "while it hangs":
            the_child().suspend()
        wanted = False
        began = time.monotonic()
        with pytest.raises(Interrupted):
            list(blocks)
        assert time.monotonic() - began < allowed(1)


def test_the_deadline_and_the_stop_hold_for_libsndfile_and_mappings_too(tmp_path: Path) -> None:
    timeout_seconds = 0.2 * programs_per_cpu()  # opening takes less
    for name in ("track.wav", "track.flac"):
        path = encoded(chord(5, RATE_HZ, 2), RATE_HZ, tmp_path / name)
        for mapping_min_bytes in (None, 1):
            with opened(
                path, timeout_seconds=timeout_seconds, block_seconds=0.5, mapping_min_bytes=mapping_min_bytes
            ) as source:
                blocks = source.blocks()
                time.sleep(timeout_seconds + 0.05)
                with pytest.raises(DecodeError) as caught:
                    list(blocks)
                assert caught.value.reason is FailureReason.DECODE_TIMEOUT
            with pytest.raises(Interrupted):
                opened(path, stop=lambda: True, mapping_min_bytes=mapping_min_bytes)


def test_a_child_with_too_little_memory_is_over_budget(minute: Path) -> None:
    with pytest.raises(DecodeError) as caught:
        opened(minute, child_memory_bytes=20 * MIB)

    assert caught.value.reason is FailureReason.OVER_BUDGET


def test_an_endless_flood_of_messages_is_drained_and_forgotten(
    minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ffmpeg_child.ffmpeg_path()
    loud = tmp_path / "ffmpeg"
    loud.write_text(f'#!/bin/sh\nyes "some complaint of a decoder" | head -c 20000000 >&2\nexec {real} "$@"\n')
    loud.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(loud))

    with opened(minute) as source:
        list(source.blocks())
        kept = sum(len(line) for line in source._reader._child.said())  # type: ignore[attr-defined]

    assert source.frames_decoded == pytest.approx(60 * RATE_HZ, abs=2048)
    assert kept < 200_000


def test_the_system_s_ffmpeg_is_preferred_and_ours_is_the_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg_child.ffmpeg_path.cache_clear()
    system = tmp_path / "ffmpeg"
    system.write_text("#!/bin/sh\n", encoding="ascii")
    system.chmod(0o755)
    try:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert ffmpeg_child.ffmpeg_path() == str(system)
        ffmpeg_child.ffmpeg_path.cache_clear()
        monkeypatch.setenv("PATH", "/nonexistent")
        bundled = ffmpeg_child.ffmpeg_path()
        assert b"ffmpeg version" in subprocess.run([bundled, "-version"], capture_output=True, check=True).stdout
    finally:
        ffmpeg_child.ffmpeg_path.cache_clear()


def test_a_program_that_cannot_be_started_is_our_fault_and_not_the_file_s(
    minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_bytes(b"\x7fELF but not really")
    broken.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(broken))

    with pytest.raises(DecodeError, match="cannot be started") as caught:
        opened(minute)

    assert caught.value.retryable


def test_tags_cannot_pose_as_what_ffmpeg_says(tmp_path: Path) -> None:
    lies = ("-metadata", "title=Duration: 99:00:00.00, start: 0", "-metadata", "comment=\n  Duration: 98:00:00.00,")
    path = encoded(
        chord(1, RATE_HZ, 2), RATE_HZ, tmp_path / "liar.m4a", *lies, "-metadata", "artist=Invalid data found"
    )

    result = decoded(path)

    assert result.error is None
    assert result.info.declared_frames == pytest.approx(RATE_HZ, abs=0.1 * RATE_HZ)
