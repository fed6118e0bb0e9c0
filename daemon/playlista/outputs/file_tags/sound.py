"""Whether two files sound the same: identities of everything that can be decoded of them, by two decoders.

Input: a path. Output: a ``Sound``; two files with equal ones give the same samples, in the same number, in our own
reader and in ffmpeg. One decoder alone can be fooled: libsndfile ends a WAV at a chunk where ffmpeg goes on, and one
that goes by an index sees nothing of what follows it.
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass

from playlista.decode.identity import MusicHash
from playlista.decode.opening import open_source
from playlista.decode.readers.ffmpeg_child import FfmpegMissingError, ffmpeg_path
from playlista.decode.resample import downmix
from playlista.errors import Blame, DecodeError, PlaylistaError

_BLOCK_SECONDS = 3.0
_MAX_BLOCK_BYTES = 4 * 2**20


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


def sound_of(path: str, timeout_seconds: float) -> Sound:
    """Decode the whole file at `path`.

    Raises
    ------
    DecodeError : not a frame of it can be decoded, or the storage failed.
    PlaylistaError : ffmpeg decodes nothing of it, or it took longer than `timeout_seconds`.
    """
    music_hash, samples = _by_our_reader(path, timeout_seconds)
    return Sound(music_hash, samples, _by_ffmpeg(path, timeout_seconds))


def _by_our_reader(path: str, timeout_seconds: float) -> tuple[str, str]:
    with open_source(
        path,
        block_seconds=_BLOCK_SECONDS,
        max_block_bytes=_MAX_BLOCK_BYTES,
        mapping_min_bytes=None,
        timeout_seconds=timeout_seconds,
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


def _by_ffmpeg(path: str, timeout_seconds: float) -> str:
    """Hashes of all streams in their order; an attached picture is a tag and is left out."""
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "quiet", "-protocol_whitelist", "file")
    # 64-bit floats hold 32-bit integers and floats alike; what is not sound is compared as it is packed.
    sound = ("-map", "0:a", "-c:a", "pcm_f64le")
    others = ("-map", "0:V?", "-map", "0:s?", "-c:v", "copy", "-c:s", "copy")
    hashed = ("-map_metadata", "-1", "-bitexact", "-f", "streamhash", "-hash", "SHA256", "-")
    try:
        command = [ffmpeg_path(), *quiet, "-threads", "1", "-i", f"file:{path}", *sound, *others, *hashed]
        ended = subprocess.run(command, stdout=subprocess.PIPE, timeout=timeout_seconds, check=False)
    except FfmpegMissingError as error:
        raise PlaylistaError(f"cannot be compared without ffmpeg: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise PlaylistaError(f"was not decoded within {timeout_seconds:g} s") from error
    if not ended.stdout:
        raise PlaylistaError("ffmpeg cannot decode it, so a tagged copy cannot be checked")
    return ended.stdout.decode("ascii", "replace")
