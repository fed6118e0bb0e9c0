"""Whether two files sound the same: identities of everything that can be decoded of them, by two decoders.

Input: a path. Output: a ``Sound``; two files with equal ones give the same samples, in the same number, in our own
reader and in ffmpeg. One decoder alone can be fooled: libsndfile ends a WAV at a chunk where ffmpeg goes on, and one
that goes by an index sees nothing of what follows it.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from playlista.decode.identity import MusicHash
from playlista.decode.opening import open_source
from playlista.decode.readers.child_limits import limit_child
from playlista.decode.readers.ffmpeg_child import FfmpegMissingError, ffmpeg_path
from playlista.decode.resample import downmix
from playlista.errors import Blame, DecodeError, Interrupted, TagRefusal
from playlista.memory.child import LARGEST_BYTES
from playlista.outputs.file_tags.refusal import RefusedError
from playlista.system.callbacks import noop

_BLOCK_SECONDS = 3.0
_MAX_BLOCK_BYTES = 4 * 2**20
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Sound:
    """What was decoded of one file.

    Attributes
    ----------
    music_hash : the identity that a result has: of the mono mix.
    samples : hash of every sample of every channel, and how decoding ended.
    streams : ffmpeg's hashes of every decoded audio stream and of the packets of film and text.
    """

    music_hash: str
    samples: str
    streams: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What decoding a file may take.

    Attributes
    ----------
    timeout_seconds : wall time for decoding the file once.
    child_memory_bytes : memory that ffmpeg may allocate; asked before each start, as what is free changes.
    stop : asked at least every tenth of a second; true ends decoding with ``Interrupted``.
    """

    timeout_seconds: float
    child_memory_bytes: Callable[[], int] = lambda: LARGEST_BYTES
    stop: Callable[[], bool] = noop


def sound_of(path: str, bounds: Bounds) -> Sound:
    """Decode the whole file at `path`.

    Raises
    ------
    DecodeError : not a frame of it can be decoded, or the storage failed.
    RefusedError : ffmpeg decodes nothing of it, or it took too long.
    Interrupted : we are to stop.
    """
    music_hash, samples = _by_our_reader(path, bounds)
    return Sound(music_hash, samples, _by_ffmpeg(path, bounds))


def _by_our_reader(path: str, bounds: Bounds) -> tuple[str, str]:
    with open_source(
        path,
        block_seconds=_BLOCK_SECONDS,
        max_block_bytes=_MAX_BLOCK_BYTES,
        mapping_min_bytes=None,
        timeout_seconds=bounds.timeout_seconds,
        child_memory_bytes=bounds.child_memory_bytes,
        stop=bounds.stop,
    ) as source:
        music = MusicHash(source.info.sample_rate_hz)
        samples = hashlib.blake2b(f"{source.info.sample_rate_hz}/{source.info.channels}/".encode())
        try:
            for block in source.blocks():
                music.update(downmix(block))
                samples.update(block.data)
        except DecodeError as error:
            if error.blame is not Blame.TRACK:
                raise  # another time it may end elsewhere
            samples.update(error.reason.encode())
        return music.hexdigest(), samples.hexdigest()


def _by_ffmpeg(path: str, bounds: Bounds) -> str:
    """Hashes of all streams in their order; an attached picture is a tag and is left out."""
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "quiet", "-protocol_whitelist", "file")
    # 64-bit floats hold 32-bit integers and floats alike; what is not sound is compared as it is packed.
    sound = ("-map", "0:a", "-c:a", "pcm_f64le")
    others = ("-map", "0:V?", "-map", "0:s?", "-c:v", "copy", "-c:s", "copy")
    hashed = ("-map_metadata", "-1", "-bitexact", "-f", "streamhash", "-hash", "SHA256", "-")
    try:
        command = [ffmpeg_path(), *quiet, "-threads", "1", "-i", f"file:{path}", *sound, *others, *hashed]
    except FfmpegMissingError as error:
        raise RefusedError(f"cannot be compared without ffmpeg: {error}", TagRefusal.OTHER) from error
    told = _answer(command, bounds)
    if not told:
        raise RefusedError("ffmpeg cannot decode it, so a tagged copy cannot be checked", TagRefusal.FORMAT)
    return told.decode("ascii", "replace")


def _answer(command: list[str], bounds: Bounds) -> bytes:
    """What a child writes to its standard output, which is short."""
    until = time.monotonic() + bounds.timeout_seconds
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True) as child:
        limit_child(child.pid, bounds.timeout_seconds, bounds.child_memory_bytes())
        while True:
            try:
                return child.communicate(timeout=_LOOK_SECONDS)[0]
            except subprocess.TimeoutExpired:
                if bounds.stop() or time.monotonic() > until:
                    child.kill()
                if bounds.stop():
                    raise Interrupted("asked to stop") from None
                if time.monotonic() > until:
                    message = f"was not decoded within {bounds.timeout_seconds:g} s"
                    raise RefusedError(message, TagRefusal.OTHER) from None
