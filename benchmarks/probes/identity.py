"""The identities of the files in a folder, as this machine sees them: ``python -m benchmarks.probes.identity FOLDER``.

Input: a folder. Output: one JSON object a file: name, kind and hash of the encoded audio, hash of the decoded sound
(null where it is not decoded), CPU milliseconds of the hashes and of the content's alone. Files named ``retagged-…``
are not decoded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import thread_time

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.decode.byte_hash import ByteHash
from playlista.decode.content import hash_file
from playlista.errors import TrackError

ROUNDS = 5


def probe(path: Path, analyzer: AudioAnalyzer) -> dict[str, object]:
    """What is known of one file."""
    read = hash_file(str(path))
    both = min(_seconds(lambda: hash_file(str(path))) for _ in range(ROUNDS))
    whole = memoryview(path.read_bytes())
    content = min(_seconds(lambda: ByteHash().update(whole)) for _ in range(ROUNDS))
    return {
        "name": path.name,
        "kind": read.encoded_kind,
        "encoded": read.encoded.hex() if read.encoded else None,
        "decoded": None if path.name.startswith("retagged-") else _decoded(str(path), analyzer),
        "milliseconds": 1000 * both,
        "content_milliseconds": 1000 * content,
    }


def _decoded(path: str, analyzer: AudioAnalyzer) -> str | None:
    try:
        sound = analyzer.identify(path).origin.sound
    except TrackError:
        return None
    return sound.hex() if sound else None


def _seconds(work: object) -> float:
    started = thread_time()
    assert callable(work)
    work()
    return thread_time() - started


if __name__ == "__main__":
    the_analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"))
    for file in sorted(Path(sys.argv[1]).iterdir()):
        sys.stdout.write(json.dumps(probe(file, the_analyzer)) + "\n")
        sys.stdout.flush()
