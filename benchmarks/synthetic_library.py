"""A library of any size with metadata, results, health, fingerprints and embeddings, made without a music file.

Input: a data folder and a number of tracks. Output: a database that the product takes for its own, the same for the
same number each time. Artists have a few albums, a genre, a tempo and a place in the space of embeddings around which
their tracks lie, so that searches, filters and similar tracks find something. Fingerprints are a few that are used
again and again, and are found under no key: ``benchmarks.duplicates`` measures them. Beyond `INVENTED` tracks there are
copies of these in folders of their own.

    python -m benchmarks.synthetic_library DATA --tracks 200000
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.library_copies import grow
from playlista.library.database import FILE_NAME, Database, open_database
from playlista.library.file_rows import file_values
from playlista.library.fingerprints import stored_bytes
from playlista.library.sealed_text import text_to_store
from playlista.library.track_rows import CAMELOT, put_track
from playlista.tracks import (
    Analysis,
    Audio,
    Health,
    IntegrityState,
    Loudness,
    MemoryUse,
    Rhythm,
    Spectral,
    Status,
    Tagging,
    Timings,
    Tonal,
    TrackFile,
)
from playlista.tracks.beat_grid import encode_beats
from playlista.tracks.fingerprint import BANDS, fingerprint_of
from playlista.tracks.groups import FEATURE_GROUPS
from playlista.tracks.metadata import Metadata

BATCH_ROWS = 5_000
#: So many are invented one by one.
INVENTED = 50_000
#: What SQLite keeps of the file in memory meanwhile.
_CACHE_KIB = 400_000
EMBEDDING_SIZE = 200
TRACKS_PER_ALBUM = 12
ALBUMS_PER_ARTIST = 3
#: One result in a thousand is that of a damaged file.
FAILED_EVERY = 1000
#: Of every so many tracks one is clipped.
CLIPPED_EVERY = 20
#: Fingerprints that there are, each of two minutes of sound.
FINGERPRINTS = 32
_VERSIONS = dict.fromkeys(FEATURE_GROUPS, 1)
_SETTINGS = {group: {"sample_rate_hz": 22050, "bit_depth": 16} for group in ("rhythm", "tonal", "spectral")}

_SYLLABLES = (
    "ba", "cor", "dé", "el", "fö", "gar", "hi", "jo", "ka", "lu", "mi", "nor", "ó", "pa", "ri", "sol", "ta", "vê",
)  # fmt: skip
_WORDS = (
    "love", "night", "blue", "river", "fire", "heart", "moon", "dance",
    "city", "rain", "dream", "road", "gold", "sun", "time", "light", "sea", "winter", "ghost",
    "song", "machine", "paper", "garden", "summer", "black", "white", "mother", "street", "echo", "glass",
)  # fmt: skip
_GENRES = (
    "Rock", "Jazz", "Hip-Hop", "Ambient", "Techno", "Folk", "Metal", "Soul", "Classical", "Reggae", "Pop", "Blues",
)  # fmt: skip
#: The tags of the Million Song Dataset that MusiCNN knows (Pons and Serra, 2019).
MSD_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica",
    "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)  # fmt: skip
_FORMATS = ("FLAC", "MP3", "MP3", "MP3", "AAC", "VORBIS")


def build(data: Path, tracks: int, *, embeddings: bool = True) -> None:
    """Make the library in `data`, which must not have one yet."""
    data.mkdir(parents=True, exist_ok=True)
    if (data / FILE_NAME).exists():
        raise SystemExit(f"{data / FILE_NAME}: is there already")
    with open_database(os.fspath(data / FILE_NAME)) as database:
        with database.read() as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute("INSERT INTO version_sets VALUES (1, ?)", (json.dumps(_VERSIONS, sort_keys=True),))
            connection.execute("INSERT INTO setting_sets VALUES (1, ?)", (json.dumps(_SETTINGS, sort_keys=True),))
        numbered = enumerate(invented_tracks(min(tracks, INVENTED)), start=1)
        while batch := list(islice(numbered, BATCH_ROWS)):
            _put(database, batch, embeddings=embeddings)
        grow(database, tracks)


def invented_tracks(count: int) -> Iterator[Analysis]:
    """The results of `count` tracks, artist by artist."""
    chance = random.Random(7)
    noise = np.random.default_rng(7)
    artist = 0
    while count > 0:
        artist += 1
        for analysis in _of_artist(artist, chance, noise):
            if count == 0:
                return
            count -= 1
            yield analysis


def _of_artist(number: int, chance: random.Random, noise: np.random.Generator) -> Iterator[Analysis]:
    name = " ".join("".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))).title() for _ in range(2))
    genre, bpm, year = chance.randrange(len(_GENRES)), chance.uniform(70, 170), chance.randint(1960, 2024)
    place = noise.normal(size=EMBEDDING_SIZE) + 2 * np.random.default_rng(genre).normal(size=EMBEDDING_SIZE)
    for disc in range(1, chance.randint(1, 2 * ALBUMS_PER_ARTIST) + 1):
        album = " ".join(chance.sample(_WORDS, 2)).title()
        for track in range(1, chance.randint(6, 2 * TRACKS_PER_ALBUM - 6) + 1):
            title = " ".join(chance.sample(_WORDS, chance.randint(1, 3))).title()
            names = Metadata(
                title, name, name, album, track, 1, year + disc, (_GENRES[genre],), isrc=None, has_cover=track % 3 > 0
            )
            path = f"{name}/{album} ({number}-{disc})/{track:02} {title}.flac"
            yield replace(_result(path, bpm=bpm, genre=genre, place=place, chance=chance, noise=noise), metadata=names)


def _result(
    path: str, *, bpm: float, genre: int, place: np.ndarray, chance: random.Random, noise: np.random.Generator
) -> Analysis:
    activations = {tag: round(chance.random() ** 20, 6) for tag in MSD_TAGS}  # some 6 from 0.1 on
    activations[MSD_TAGS[genre * 3 % len(MSD_TAGS)]] = round(chance.uniform(0.3, 0.9), 6)
    code = chance.choice(CAMELOT)
    scale = "minor" if code.endswith("A") else "major"
    seconds = chance.uniform(90, 420)
    beats = np.arange(0.5, seconds, 60 / bpm)
    return Analysis(
        path,
        Status.ANALYZED,
        audio=Audio(seconds, seconds, seconds, 44100, 2, chance.choice(_FORMATS), truncated=False),
        rhythm=Rhythm(
            round(chance.gauss(bpm, 6), 2),
            chance.random(),
            len(beats),
            chance.uniform(1, 5),
            chance.uniform(0.5, 2),
            tempo_changes=((0.0, bpm),),
            beat_grid=encode_beats(beats.tolist()),
        ),
        tonal=Tonal("C", scale, chance.random(), code, 440.0, ((0.0, "C", scale),)),
        loudness=Loudness(chance.uniform(-24, -6), chance.uniform(2, 15), -0.5, -4.0),
        spectral=_spectral(noise),
        tagging=Tagging(
            activations, tuple((place + noise.normal(size=EMBEDDING_SIZE)).astype("f4").tolist()), 60, False, "essentia"
        ),
        health=_health(chance),
        versions=_VERSIONS,
        settings=_SETTINGS,
        timings=Timings(*(round(chance.random(), 6) for _ in range(9)), total_seconds=2.5),
        memory=MemoryUse(105_000_000, 6_400_000, 268_435_456),
        music_hash=f"{chance.getrandbits(128):032x}",
    )


def _spectral(noise: np.random.Generator) -> Spectral:
    contrast, means, spreads = noise.normal(20, 5, 7), noise.normal(0, 9, 13), noise.gamma(2, 50, 13)
    return Spectral(
        noise.uniform(800, 4000),
        noise.uniform(2000, 9000),
        noise.uniform(0.01, 0.4),
        noise.uniform(0.1, 2),
        noise.uniform(0.02, 0.2),
        tuple(contrast.tolist()),
        tuple(means.tolist()),
        tuple(spreads.tolist()),
    )


def _health(chance: random.Random) -> Health:
    runs = chance.randrange(3, 400) if chance.randrange(CLIPPED_EVERY) == 0 else 0
    return Health(
        IntegrityState.VERIFIED,
        "CRC-32 of every Ogg page",
        bandwidth_hz=round(chance.uniform(15_000, 22_050), 1),
        clipped_runs=runs,
        longest_clipped_samples=4 if runs else 0,
        clipped_runs_per_minute=runs / 3,
        channel_difference_db=chance.uniform(-1, 1),
        silence_start_seconds=round(chance.uniform(0, 2), 2),
        positions={"clipped": tuple(range(1, min(runs, 8) + 1))} if runs else {},
    )


def _put(database: Database, batch: list[tuple[int, Analysis]], *, embeddings: bool) -> None:
    """Rows as a run would have left them. One result in `FAILED_EVERY` is a failure."""
    rows = [(number, one if number % FAILED_EVERY else _failed(one)) for number, one in batch]
    with database.transaction() as connection:
        connection.executemany(
            """INSERT INTO files (id, path, device, inode, size_bytes, mtime_ns, ctime_ns, status)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            ((number, *file_values(_file(number, one.path)), one.status.value) for number, one in rows),
        )
        connection.executemany(
            "INSERT INTO analyses VALUES (?, 1, ?, 1, ?, ?, ?, ?, ?, ?, ?)", (_values(*row) for row in rows)
        )
        if embeddings:
            connection.executemany(
                "INSERT INTO embeddings VALUES (?, ?)",
                (
                    (number, np.asarray(one.tagging.embedding, "<f4").tobytes())
                    for number, one in rows
                    if one.tagging is not None
                ),
            )
        connection.executemany(
            "INSERT INTO fingerprints VALUES (?, ?, ?, '[]')",
            ((number, *_fingerprint(number)) for number, one in rows if one.audio is not None),
        )
        connection.executemany(
            "INSERT INTO origins (file_id, setting_set) VALUES (?, 1)", ((number,) for number, _ in rows)
        )
        for number, one in rows:
            put_track(connection, number, one, finished_at=float(number))


def _file(number: int, path: str) -> TrackFile:
    return TrackFile(path, device=1, inode=number, size_bytes=10_000_000 + number, mtime_ns=number * 10**9)


@cache
def _fingerprint_rows() -> list[tuple[bytes, bytes]]:
    """A few fingerprints as they are stored."""
    noise = np.random.default_rng(7)
    made = []
    for _ in range(FINGERPRINTS):
        changes = np.uint32(1) << noise.integers(0, 32, (948, 4), np.uint32)  # a few bits from one frame to the next
        numbers = np.bitwise_xor.accumulate(np.bitwise_xor.reduce(changes, axis=1))
        made.append(fingerprint_of(numbers, 10 ** noise.uniform(-8, -1, (59, BANDS))))
    return [(stored_bytes(one.chromaprint), base64.b64decode(one.band_levels)) for one in made]


def _fingerprint(number: int) -> tuple[bytes, bytes]:
    return _fingerprint_rows()[number % FINGERPRINTS]


def _failed(analysis: Analysis) -> Analysis:
    from playlista.errors import FailureReason

    return Analysis(
        analysis.path, Status.FAILED, FailureReason.CORRUPT, "the stream is broken", metadata=analysis.metadata
    )


def _values(number: int, analysis: Analysis) -> tuple[Any, ...]:
    return (
        number,
        float(number),
        analysis.reason and analysis.reason.value,
        analysis.audio and analysis.audio.duration_seconds,
        analysis.rhythm and analysis.rhythm.bpm,
        analysis.tonal and analysis.tonal.key,
        analysis.tonal and analysis.tonal.scale,
        analysis.music_hash,
        text_to_store(analysis),
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tracks", type=int, default=200_000)
    parser.add_argument("--no-embeddings", action="store_true")
    wanted = parser.parse_args()
    began = time.monotonic()
    build(wanted.data, wanted.tracks, embeddings=not wanted.no_embeddings)
    size = (wanted.data / FILE_NAME).stat().st_size
    print(f"{wanted.tracks} tracks in {time.monotonic() - began:.0f} s, {size >> 20} MiB")


if __name__ == "__main__":
    main()
