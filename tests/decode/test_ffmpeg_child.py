"""The ffmpeg child: it is bounded, it is watched, it ends with its source, and its fate is told."""

from __future__ import annotations

import base64
import gc
import os
import resource
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import psutil
import pytest
from mutagen.mp4 import MP4, MP4Cover
from numpy.typing import NDArray

from playlista.decode.readers import ffmpeg_child, ffmpeg_health
from playlista.decode.readers.ffmpeg import FfmpegReader
from playlista.decode.source import Deadline
from playlista.errors import Blame, DecodeError, FailureReason, Interrupted
from tests.deadlines import allowed, programs_per_cpu
from tests.decode.files import MIB, chord, decoded, encoded, opened
from tests.exhaustive import but_few

RATE_HZ = 44100


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of AAC, far more than fits between the child and us."""
    return encoded(chord(60, RATE_HZ, 2), RATE_HZ, tmp_path_factory.mktemp("minute") / "minute.m4a")


@pytest.fixture(autouse=True)
def what_was_found_out_of_ffmpeg_is_forgotten() -> Iterator[None]:
    yield
    ffmpeg_child.ffmpeg_health.cache_clear()


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
    with opened(minute, timeout_seconds=50, child_memory_bytes=lambda: 200 * MIB):
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


#: The limit is set on a process that runs already: a static ffmpeg may have allocated all that it needs by then.
LATE = """#!/bin/sh
while [ "$(ulimit -d)" = unlimited ]; do sleep 0.01; done
exec {real} "$@"
"""


def test_how_much_memory_a_child_may_have_is_asked_where_one_is_started_and_nowhere_else(
    minute: Path, tmp_path: Path
) -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(200 * MIB)
        return asked[-1]

    opened(encoded(chord(1, RATE_HZ, 1), RATE_HZ, tmp_path / "second.flac"), child_memory_bytes=ask).close()
    assert not asked
    opened(minute, child_memory_bytes=ask).close()
    assert asked


def test_a_limit_that_ffmpeg_does_not_survive_is_no_fault_of_the_file(
    minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = tmp_path / "ffmpeg"
    late.write_text(LATE.format(real=ffmpeg_child.ffmpeg_path()), encoding="ascii")
    late.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(late))

    with pytest.raises(DecodeError, match="raise the memory limit") as caught:
        opened(minute, child_memory_bytes=lambda: 4 * MIB)

    assert (caught.value.reason, caught.value.blame) == (FailureReason.UNREADABLE, Blame.INSTALLATION)


#: An ffmpeg that decodes the silence of the self-test, and of any other file says this and ends like that.
PICKY = """#!/bin/sh
for word; do case $word in file:*) place=${{word#file:}};; esac; done
case $(readlink "$place") in *silence*) exec {real} "$@";; esac
{ending}
"""


def picky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(PICKY.format(real=ffmpeg_child.ffmpeg_path(), ending=ending), encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(program))


@pytest.mark.parametrize(
    ("ending", "fate"),
    [
        ("echo '[mov] Cannot allocate memory' >&2; exit 1", (FailureReason.OVER_BUDGET, Blame.TRACK)),
        ("echo 'Input #0: Invalid data found' >&2; exit 1", (FailureReason.CORRUPT, Blame.TRACK)),
        (
            "echo '[asf @ 0x5] Failed to read extradata of size 59233\n/fd/7: Cannot allocate memory' >&2; exit 1",
            (FailureReason.CORRUPT, Blame.TRACK),
        ),
        ("kill -SEGV $$", (FailureReason.CRASHED, Blame.TRACK)),
        ("kill -KILL $$", (FailureReason.OVER_BUDGET, Blame.INSTALLATION)),
        ("echo 'Exiting normally, received signal 15.' >&2; exit 255", (FailureReason.UNREADABLE, Blame.INSTALLATION)),
    ],
)
def test_an_ffmpeg_that_works_otherwise_tells_of_the_file_unless_it_was_ended_from_outside(
    ending: str, fate: tuple[FailureReason, Blame], minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picky(tmp_path, monkeypatch, ending)

    with pytest.raises(DecodeError) as caught:
        opened(minute)

    assert (caught.value.reason, caught.value.blame) == fate


@pytest.mark.parametrize(
    "script",
    [
        "exit 126",
        "echo 'ffmpeg: error while loading shared libraries: libavcodec.so.59: cannot open' >&2; exit 127",
        "exit 0",
        "kill -ILL $$",
        "echo 'this user may not run ffmpeg' >&2; exit 1",
    ],
)
def test_an_ffmpeg_that_cannot_run_is_the_installation_s_fault_however_it_ends(
    script: str, minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ffmpeg_child.ffmpeg_path
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", lambda: str(program))
    with pytest.raises(DecodeError, match="ffmpeg does not run here") as caught:
        opened(minute)
    assert caught.value.blame is Blame.INSTALLATION

    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", real)
    monkeypatch.setattr(ffmpeg_health, "RECHECK_SECONDS", 0.0)
    assert ffmpeg_child.ffmpeg_health().recheck(None) is None
    assert decoded(minute).error is None


@pytest.mark.parametrize("name", but_few(["cover.m4a", "cover.aifc"], "cover.m4a"))
def test_a_cover_of_a_hundred_megabytes_is_not_read_and_changes_no_sample(name: str, tmp_path: Path) -> None:
    plain = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / f"plain{Path(name).suffix}", *CODINGS[name])
    path = tmp_path / name
    path.write_bytes(plain.read_bytes())
    with_large_cover(path)
    assert path.stat().st_size > 100 * MIB

    covered, expected = through_ffmpeg(path), through_ffmpeg(plain)

    np.testing.assert_array_equal(covered, expected)


CODINGS = {"cover.m4a": ("-c:a", "aac"), "cover.aifc": ("-c:a", "pcm_s16le", "-f", "aiff")}


def with_large_cover(path: Path) -> None:
    """Add a picture of 100 MB as a tagger would."""
    if path.suffix == ".m4a":
        tags = MP4(path)
        tags["covr"] = [MP4Cover(bytes(100 * MIB))]
        tags.save()
        return
    content = path.read_bytes()
    length = 100 * MIB
    picture = b"APIC" + struct.pack(">I", length - 20) + b"\0\0" + b"\0image/jpeg\0\x03\0"
    tag = (b"ID3\x03\0\0" + bytes(length - 10 >> shift & 127 for shift in (21, 14, 7, 0)) + picture).ljust(length, b"x")
    whole = content[:12] + b"ID3 " + struct.pack(">I", length) + tag + content[12:]
    path.write_bytes(whole[:4] + struct.pack(">I", len(whole) - 8) + whole[8:])


def through_ffmpeg(path: Path) -> NDArray[np.float32]:
    """All samples, by a child that could not hold the cover."""
    return read_through_ffmpeg(path)[0]


def read_through_ffmpeg(path: Path) -> tuple[NDArray[np.float32], list[str]]:
    """As `through_ffmpeg`, and what it said of damage."""
    samples = np.empty((4 * 48000, 2), np.float32)
    descriptor = os.open(path, os.O_RDONLY)
    reader = FfmpegReader(descriptor, 80 * MIB, Deadline(60.0, lambda: False))
    try:
        filled = 0
        while count := reader.read_into(samples[filled:]):
            filled += count
        return samples[:filled], reader.complaints()
    finally:
        reader.close()
        os.close(descriptor)


@pytest.mark.parametrize("codec", ["libopus", "libvorbis"])
def test_a_broken_picture_is_no_damage_of_the_sound(tmp_path: Path, codec: str) -> None:
    path = encoded(chord(1, 48000, 2), 48000, tmp_path / "track.ogg", "-c:a", codec)
    tagged = mutagen.File(path)
    tagged["METADATA_BLOCK_PICTURE"] = [base64.b64encode(b"\xff" * 300).decode()]
    tagged.save()
    samples, complaints = read_through_ffmpeg(path)
    assert len(samples) > 0
    assert complaints == []


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
    system = tmp_path / "ffmpeg"
    system.write_text("#!/bin/sh\n", encoding="ascii")
    system.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg_child.ffmpeg_path() == str(system)
    monkeypatch.setenv("PATH", "/nonexistent")
    bundled = ffmpeg_child.ffmpeg_path()
    assert b"ffmpeg version" in subprocess.run([bundled, "-version"], capture_output=True, check=True).stdout


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
