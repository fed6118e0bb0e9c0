"""A file whose storage fails is not a damaged file, wherever in it the storage fails and whichever decoder reads."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from playlista.analysis.attempt import attempt
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.decode.chapters import read_chapters
from playlista.decode.content import hash_file
from playlista.decode.metadata import read_metadata
from playlista.decode.opening import needs_child
from playlista.decode.readers import ffmpeg_child
from playlista.decode.readers.ffmpeg_child import FfmpegChild
from playlista.decode.readers.mapped import MappedFile
from playlista.decode.storage import fault_of, find_fault
from playlista.errors import Blame, DecodeError, FailureReason
from playlista.memory.process import drop_page_cache
from playlista.tracks import Status
from tests.decode.files import MIB, chord, decoded, encoded, opened
from tests.faulty_fs import Faults, faulty_folder, why_no_fuse
from tests.signals import noise

SECONDS = 20
NUMBERS = [errno.EIO, errno.ENOTCONN, errno.ETIMEDOUT, errno.ESTALE, errno.EHOSTDOWN, errno.EREMOTEIO, errno.ENXIO]
NAMES = ["x.flac", "x.mp3", "x.m4a", "x.ogg", "x.opus", "x.wav", "x.aiff", "x.wv", "x.aac", "long.wav", "cbr.mp3"]


@pytest.mark.parametrize(
    ("number", "reason", "blame"),
    [
        (errno.EIO, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.ENOTCONN, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.ESTALE, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.EHOSTUNREACH, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.ENODEV, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.ENETDOWN, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.EKEYEXPIRED, FailureReason.UNREADABLE, Blame.STORAGE),
        (errno.EMFILE, FailureReason.UNREADABLE, Blame.INSTALLATION),
        (errno.EACCES, FailureReason.PERMISSION_DENIED, Blame.TRACK),
        (errno.ENOENT, FailureReason.VANISHED, Blame.TRACK),
        (errno.ENAMETOOLONG, FailureReason.UNREADABLE, Blame.TRACK),
    ],
)
def test_what_the_kernel_says_tells_the_file_from_what_is_beneath_it(
    number: int, reason: FailureReason, blame: Blame
) -> None:
    fault = fault_of(OSError(number, os.strerror(number)))

    assert (fault.reason, fault.blame) == (reason, blame)


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same noise in every format, which compresses to much more than any decoder reads ahead."""
    folder, samples = tmp_path_factory.mktemp("back"), noise(2 * SECONDS, peak=0.4).reshape(-1, 2)
    for name in ("x.flac", "x.ogg", "x.wav", "x.aiff", "long.wav"):
        soundfile.write(folder / name, samples, 44100)
    for name in ("x.m4a", "x.mp3", "x.wv", "x.aac", "x.wma"):
        encoded(samples, 44100, folder / name)
    encoded(samples, 44100, folder / "cbr.mp3", "-b:a", "320k", "-write_xing", "0")
    encoded(samples, 44100, folder / "x.opus", "-ar", "48000")
    for rest in folder.glob("*.source.wav"):
        rest.unlink()
    return folder


@pytest.fixture
def faults(back: Path, tmp_path: Path) -> Iterator[Faults]:
    if why := why_no_fuse():
        pytest.skip(why)
    try:
        mounted = faulty_folder(back, tmp_path / "music")
        with mounted as faults:
            yield faults
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")


def storage_fault_at(path: Path, size: int) -> DecodeError:
    """How decoding ends while the storage fails; the first block may have come."""
    with pytest.raises(DecodeError) as caught, opened(path, mapping_min_bytes=MIB) as source:  # noqa: PT012
        for _block in source.blocks():
            pass
        pytest.fail(f"{path.name} of {size} bytes was decoded whole")
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_a_storage_that_fails_in_the_middle_of_a_file_is_to_blame(faults: Faults, back: Path, name: str) -> None:
    size = (back / name).stat().st_size
    for number in NUMBERS if name in {"x.mp3", "x.m4a"} else [errno.EIO, errno.ENOTCONN]:
        for beyond in (0, size // 2):
            faults.fail(number, beyond=beyond)
            error = storage_fault_at(faults.mount / name, size)
            faults.heal()
            assert (error.blame, error.reason) == (Blame.STORAGE, FailureReason.UNREADABLE), (number, beyond)
            assert os.strerror(number) in error.message

    assert decoded(faults.mount / name).error is None


@pytest.mark.parametrize("name", ["x.flac", "x.mp3", "x.m4a", "long.wav"])
def test_a_close_that_fails_takes_nothing_from_what_was_read(faults: Faults, back: Path, name: str) -> None:
    here, there = back / name, faults.mount / name
    faults.fail_closing(errno.ENOTCONN)
    descriptor = os.open(there, os.O_RDONLY)
    with pytest.raises(OSError, match=os.strerror(errno.ENOTCONN)):
        os.close(descriptor)

    assert decoded(there).error is None
    assert read_metadata(os.fspath(there), shown_as=name) == read_metadata(os.fspath(here), shown_as=name)
    assert hash_file(os.fspath(there)) == hash_file(os.fspath(here))
    assert needs_child(os.fspath(there)) == needs_child(os.fspath(here))
    assert read_chapters(os.fspath(there), (), SECONDS) == read_chapters(os.fspath(here), (), SECONDS)
    assert drop_page_cache(there)


def test_an_ffmpeg_that_could_not_read_for_a_moment_is_started_again(
    faults: Faults, back: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one meets the fault; when it has ended and we look ourselves, all is well again."""
    started: list[int] = []
    start, end = ffmpeg_child.start_ffmpeg, FfmpegChild.exit_status

    def failing(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        if not started:
            faults.fail(errno.EIO)
        child = start(*arguments, **options)
        started.append(child.pid)
        return child

    def healing(child: FfmpegChild) -> int:
        status = end(child)
        faults.heal()
        return status

    monkeypatch.setattr(ffmpeg_child, "start_ffmpeg", failing)
    monkeypatch.setattr(FfmpegChild, "exit_status", healing)
    assert decoded(faults.mount / "x.wma").error is None
    assert len(started) == 2


def test_a_program_that_dies_under_an_open_file_is_to_blame_too(faults: Faults) -> None:
    for name in ("cbr.mp3", "x.m4a", "long.wav"):
        assert decoded(faults.mount / name).error is None
    with opened(faults.mount / "long.wav", mapping_min_bytes=MIB, block_seconds=1.0) as source:
        blocks = source.blocks()
        next(blocks)
        faults.die()
        with pytest.raises(DecodeError) as caught:
            for _block in blocks:
                pass

    assert caught.value.blame is Blame.STORAGE


def test_a_track_that_the_storage_cut_off_has_no_result_not_even_a_partial_one(faults: Faults, back: Path) -> None:
    analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"))
    faults.fail(errno.EIO, beyond=(back / "x.mp3").stat().st_size // 2)
    cut = attempt(analyzer, str(faults.mount / "x.mp3"))
    faults.heal()
    whole = attempt(analyzer, str(faults.mount / "x.mp3"))

    assert (cut.analysis.audio, cut.blame) == (None, Blame.STORAGE)
    assert whole.analysis.status is Status.ANALYZED


def test_nothing_is_left_of_a_track_that_the_storage_cut_off_when_the_process_ends(faults: Faults, back: Path) -> None:
    """soxr counts at exit what is left of it, and complains on stderr."""
    faults.fail(errno.EIO, beyond=(back / "x.wav").stat().st_size // 2)
    command = [sys.executable, "-m", "playlista", "analyze", str(faults.mount / "x.wav")]
    done = subprocess.run(
        command, env={**os.environ, "MUSICNN_RUNTIME": "off"}, capture_output=True, text=True, timeout=300, check=False
    )

    assert (done.returncode, done.stderr) == (3, "")


def test_an_error_of_our_own_reads_in_the_middle_is_the_storages_too(faults: Faults, back: Path) -> None:
    """A FLAC that ends early is searched for another stream behind it, by reads that no decoder makes."""
    path = str(faults.mount / "x.flac")
    analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"))
    for beyond in range(0, (back / "x.flac").stat().st_size, MIB // 4):
        faults.fail(errno.ENOTCONN, beyond=beyond)
        with pytest.raises(DecodeError) as caught:
            analyzer.identify(path)
        faults.heal()
        assert caught.value.blame is Blame.STORAGE


def test_a_reader_that_raises_what_the_kernel_said_has_its_storage_blamed(back: Path) -> None:
    def failing(frames: object) -> int:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    with opened(back / "x.wav", block_seconds=1.0) as source:
        blocks = source.blocks()
        next(blocks)
        source._reader.read_into = failing  # type: ignore[method-assign]
        with pytest.raises(DecodeError) as caught:
            for _block in blocks:
                pass

    assert (caught.value.blame, caught.value.reason) == (Blame.STORAGE, FailureReason.UNREADABLE)


def test_a_file_of_a_fuse_file_system_is_not_mapped(faults: Faults) -> None:
    path = faults.mount / "long.wav"
    with opened(path, mapping_min_bytes=1):
        assert str(path) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_mapped_page_that_cannot_be_had_is_an_error_and_no_signal(faults: Faults) -> None:
    with (faults.mount / "long.wav").open("rb") as file:
        data = MappedFile(file.fileno())
        faults.fail(errno.EHOSTDOWN, beyond=MIB)
        data.seek(2 * MIB)
        assert data.readinto(memoryview(bytearray(4096))) == 0
        assert data.failure is not None
        assert data.failure.blame is Blame.STORAGE
        assert os.strerror(errno.EHOSTDOWN) in data.failure.message
        data.close()


def test_a_damaged_file_on_a_sound_storage_is_still_corrupt(tmp_path: Path) -> None:
    whole = encoded(chord(5, 44100, 2), 44100, tmp_path / "x.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DecodeError) as caught:
        decoded(tmp_path / "cut.m4a")

    assert (caught.value.blame, caught.value.reason) == (Blame.TRACK, FailureReason.CORRUPT)


def test_a_file_whose_bytes_all_come_has_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(3 * MIB + 17))
    with path.open("rb") as file:
        assert find_fault(file.fileno()) is None
