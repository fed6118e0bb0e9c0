"""Makes the files of the table "files": container by codec by layout, as ffmpeg, sox and opusenc write them.

Input: a folder. Output: files in it, each named by what it is: ``family--codec--layout.ending``. ffmpeg is the
system's, else the bundled one; sox and opusenc are used where they are installed. What a program refuses to write is
not there.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.quality_files_odd import odd_jobs
from benchmarks.quality_files_writing import RATE_HZ, Job, ffmpeg, layouts, raw_input, run

WORKERS = 2
SOX_ENDINGS = ("wav", "aiff", "aifc", "au", "caf", "flac", "ogg", "w64", "voc", "8svx", "sph", "ircam", "sox", "avr")
_SURROUND = ("5.1", "5.1(side)")
_UP_TO_5_1 = ("mono", "stereo", "3.0", "4.0", "quad", "5.0", *_SURROUND)
_UP_TO_8 = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
_STEREO = ("mono", "stereo")
EVERY_LAYOUT: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coding:
    """One codec in the containers that hold it.

    arguments : the encoder and its options.
    containers : file endings, each perhaps with a muxer behind a colon ("m4a:mp4").
    layouts : those to write; none means every layout that this ffmpeg knows.
    rate_hz : rate that the codec asks for.
    """

    name: str
    arguments: tuple[str, ...]
    containers: tuple[str, ...]
    layouts: tuple[str, ...] = EVERY_LAYOUT
    rate_hz: int = RATE_HZ


def _coded(name: str, *arguments: str) -> tuple[str, tuple[str, ...]]:
    return name, ("-c:a", *arguments)


CODINGS = (
    Coding(*_coded("s16", "pcm_s16le"), ("wav", "caf", "mov")),
    Coding(*_coded("s16", "pcm_s16le"), ("w64", "mka:matroska", "nut"), (*_UP_TO_8, "2.1", "7.1(wide)")),
    Coding(*_coded("s24", "pcm_s24le"), ("wav",)),
    Coding(*_coded("f32", "pcm_f32le"), ("wav",), _UP_TO_8),
    Coding("rf64", ("-c:a", "pcm_s16le", "-rf64", "always"), ("wav",), _UP_TO_8),
    Coding(*_coded("s16be", "pcm_s16be"), ("aiff", "au", "caf", "mov"), (*_UP_TO_8, "2.1", "3.1", "4.1")),
    Coding(*_coded("alaw", "pcm_alaw"), ("wav", "au", "caf", "mka:matroska"), ("mono", "stereo", "5.1")),
    Coding(*_coded("u8", "pcm_u8"), ("wav", "voc"), _STEREO),
    Coding("flac", ("-c:a", "flac"), ("flac",)),
    Coding("flac", ("-c:a", "flac", "-strict", "-2"), ("ogg", "mka:matroska", "mp4"), (*_UP_TO_8, "2.1", "7.1(wide)")),
    Coding(*_coded("alac", "alac"), ("m4a:ipod", "caf"), (*_UP_TO_8, "7.1(wide)")),
    Coding(*_coded("wavpack", "wavpack"), ("wv", "mka:matroska")),
    Coding(*_coded("tta", "tta"), ("tta", "mka:matroska"), _UP_TO_8),
    Coding("truehd", ("-c:a", "truehd", "-strict", "-2"), ("thd:truehd",), ("stereo", "5.0", "5.1")),
    Coding(*_coded("vorbis", "libvorbis"), ("ogg", "mka:matroska", "webm"), _UP_TO_8),
    Coding(*_coded("opus", "libopus", "-b:a", "256k"), ("opus", "mka:matroska", "webm", "mp4"), _UP_TO_8),
    Coding("opus255", ("-c:a", "libopus", "-mapping_family", "255"), ("opus",), ("stereo", "5.1", "7.1")),
    Coding(*_coded("aac", "aac"), ("aac:adts", "m4a:ipod", "mka:matroska", "ts:mpegts"), ("mono", "stereo", "5.1")),
    Coding(
        *_coded("aac", "aac"),
        ("m4a:ipod", "mka:matroska"),
        ("3.0", "4.0", "5.0", "6.0", "6.1(back)", "7.1", "7.1(wide)", "octagonal", "2.1", "quad", "7.0", "6.1"),
    ),
    Coding(*_coded("ac3", "ac3"), ("ac3", "mka:matroska", "mp4", "ts:mpegts", "wav"), (*_UP_TO_5_1, "2.1", "4.1")),
    Coding(*_coded("eac3", "eac3"), ("eac3", "mka:matroska", "mp4"), _UP_TO_5_1),
    Coding(
        "dts", ("-c:a", "dca", "-strict", "-2"), ("dts", "mka:matroska", "wav"), ("stereo", "quad(side)", "5.1(side)")
    ),
    Coding(*_coded("mp2", "mp2"), ("mp2", "ts:mpegts", "mka:matroska", "wav"), _STEREO),
    Coding(*_coded("mp3", "libmp3lame"), ("mp3", "mka:matroska", "mp4", "wav"), _STEREO),
    Coding(*_coded("mp3vbr", "libmp3lame", "-q:a", "5"), ("mp3",), _STEREO, 44_100),
    Coding(*_coded("mp3vbrbare", "libmp3lame", "-q:a", "5", "-write_xing", "0"), ("mp3",), _STEREO, 44_100),
    Coding(*_coded("mp3-24", "libmp3lame"), ("mp3",), _STEREO, 24_000),
    Coding(*_coded("mp3-8", "libmp3lame"), ("mp3",), _STEREO, 8_000),
    Coding(*_coded("wma2", "wmav2"), ("wma:asf",), _STEREO, 44_100),
    Coding(*_coded("wma1", "wmav1"), ("wma:asf",), _STEREO, 44_100),
    Coding(*_coded("ima", "adpcm_ima_wav"), ("wav",), _STEREO, 44_100),
    Coding(*_coded("ima", "adpcm_ima_qt"), ("mov", "aifc:aiff", "caf"), _STEREO, 44_100),
    Coding(*_coded("msadpcm", "adpcm_ms"), ("wav",), _STEREO, 44_100),
    Coding(*_coded("mulaw", "pcm_mulaw"), ("wav", "au", "aifc:aiff"), _STEREO, 8_000),
    Coding(*_coded("g722", "g722"), ("wav",), ("mono",), 16_000),
    *(Coding(f"{rate}", ("-c:a", "pcm_s16le"), ("wav",), _STEREO, rate) for rate in (11_025, 22_050, 96_000, 192_000)),
    *(Coding(f"flac{rate}", ("-c:a", "flac"), ("flac",), _STEREO, rate) for rate in (8_000, 88_200, 192_000)),
    *(Coding(f"vorbis{rate}", ("-c:a", "libvorbis"), ("ogg",), _STEREO, rate) for rate in (8_000, 22_050, 44_100)),
    *(Coding(f"aac{rate}", ("-c:a", "aac"), ("m4a:ipod", "aac:adts"), _STEREO, rate) for rate in (16_000, 96_000)),
)


def make_all(folder: Path) -> list[Path]:
    """Write every file that is not there yet; the paths of all of them, sorted.

    Raises
    ------
    RuntimeError : this ffmpeg cannot even list its layouts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / ".parts"
    scratch.mkdir(exist_ok=True)
    jobs = itertools.chain(
        _coding_jobs(folder, scratch),
        _sox_jobs(folder, scratch),
        _opusenc_jobs(folder, scratch),
        odd_jobs(folder, scratch),
    )
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(_made_unless_there, jobs))
    shutil.rmtree(scratch)
    return sorted(path for path in folder.iterdir() if path.is_file() and path.stat().st_size)


def _made_unless_there(job: Job) -> None:
    path, make = job
    if not path.exists():
        make(path)


def _coding_jobs(folder: Path, scratch: Path) -> Iterator[Job]:
    for coding in CODINGS:
        for layout in coding.layouts or layouts():
            if layout in layouts():
                for container in coding.containers:
                    ending, _, muxer = container.partition(":")
                    path = folder / f"{ending}--{coding.name}--{layout}.{ending}"
                    yield path, partial(_encode, scratch=scratch, coding=coding, layout=layout, muxer=muxer)


def _encode(path: Path, *, scratch: Path, coding: Coding, layout: str, muxer: str) -> None:
    given = raw_input(scratch, layout, coding.rate_hz)
    ffmpeg(path, *given, *coding.arguments, *(("-f", muxer) if muxer else ()))


def _sox_jobs(folder: Path, scratch: Path) -> Iterator[Job]:
    """Files as sox writes them: no channel mask, headers of its own."""
    if shutil.which("sox"):
        for ending, layout in itertools.product(SOX_ENDINGS, ("mono", "stereo", "4.0", "5.1")):
            yield folder / f"sox--{ending}--{layout}.{ending}", partial(_sox, scratch=scratch, layout=layout)


def _sox(path: Path, *, scratch: Path, layout: str) -> None:
    described = ("-t", "f32", "-r", str(RATE_HZ), "-c", str(layouts()[layout]))
    run(path, "sox", "-D", *described, raw_input(scratch, layout)[-1], str(path))


def _opusenc_jobs(folder: Path, scratch: Path) -> Iterator[Job]:
    """Opus as its own encoder writes it, from several rates."""
    if shutil.which("opusenc"):
        rates = ((8_000, "mono"), (16_000, "stereo"), (24_000, "mono"), (44_100, "stereo"), (96_000, "5.1"))
        for rate_hz, layout in (*rates, *((RATE_HZ, layout) for layout in _UP_TO_8)):
            path = folder / f"opusenc--{rate_hz}--{layout}.opus"
            yield path, partial(_opusenc, scratch=scratch, layout=layout, rate_hz=rate_hz)


def _opusenc(path: Path, *, scratch: Path, layout: str, rate_hz: int) -> None:
    wav = scratch / f"{path.name}.wav"
    ffmpeg(wav, *raw_input(scratch, layout, rate_hz), "-c:a", "pcm_s16le")
    run(path, "opusenc", "--quiet", str(wav), str(path))
