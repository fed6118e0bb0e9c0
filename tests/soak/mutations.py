"""Ways to damage a file, each with a seeded source of chance.

Input: the bytes of real files. Output: bytes that some disk, network or attacker might have made of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Where formats keep what they say of themselves.
HEAD_BYTES = 256
#: Values that parsers like to get wrong: nothing, everything, the largest signed, just below zero, one too many.
EXTREMES = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    b"\0\0\0\x80",
    b"\1\0\0\0",
)

Mutation = Callable[[bytes, random.Random], bytes]


def untouched(content: bytes, _chance: random.Random) -> bytes:
    """The file as it is, to see that the others are told from it."""
    return content


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Single bits turned, anywhere."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 4, 20, 200))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def bad_head(content: bytes, chance: random.Random) -> bytes:
    """Extreme numbers where lengths, rates, channels and offsets stand."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 6))):
        place = chance.randrange(min(HEAD_BYTES, len(changed)))
        value = chance.choice(EXTREMES)[: chance.choice((1, 2, 4))]
        changed[place : place + len(value)] = value
    return bytes(changed)


def bad_tail(content: bytes, chance: random.Random) -> bytes:
    """The same at the end, where indexes, last pages and tags stand."""
    return bad_head(content[::-1], chance)[::-1]


def overwritten(content: bytes, chance: random.Random) -> bytes:
    """A sector or more of zeros, ones or noise, as a dying disk gives it."""
    size = min(len(content), chance.choice((512, 4096, 65536)))
    place = chance.randrange(max(1, len(content) - size))
    filling = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    return content[:place] + filling + content[place + size :]


def cut(content: bytes, chance: random.Random) -> bytes:
    """Only the beginning, from a fifth to four fifths of it."""
    return content[: round(len(content) * chance.uniform(0.2, 0.8))]


def stub(content: bytes, chance: random.Random) -> bytes:
    """Less than a header, down to nothing."""
    return content[: chance.randrange(HEAD_BYTES)]


def holed(content: bytes, chance: random.Random) -> bytes:
    """A piece in the middle is missing."""
    begin, end = sorted(chance.randrange(len(content)) for _ in range(2))
    return content[:begin] + content[end:]


def beheaded(content: bytes, chance: random.Random) -> bytes:
    """The beginning is missing."""
    return content[chance.randrange(1, len(content)) :]


def shuffled(content: bytes, chance: random.Random) -> bytes:
    """Two blocks have changed places, as a download put together wrongly."""
    a, b, c = sorted(chance.randrange(len(content)) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def stuffed(content: bytes, chance: random.Random) -> bytes:
    """Noise was put in."""
    place = chance.randrange(len(content))
    return content[:place] + chance.randbytes(chance.choice((1, 100, 5000))) + content[place:]


def doubled(content: bytes, _chance: random.Random) -> bytes:
    """The file twice in a row."""
    return content + content


def noise_behind_head(content: bytes, chance: random.Random) -> bytes:
    """A sound header, and nothing sound behind it."""
    head = chance.choice((64, HEAD_BYTES, 4096))
    return content[:head] + chance.randbytes(max(0, len(content) - head))


MUTATIONS: tuple[Mutation, ...] = (
    untouched,
    flipped,
    flipped,
    bad_head,
    bad_head,
    bad_head,
    bad_tail,
    overwritten,
    cut,
    stub,
    holed,
    beheaded,
    shuffled,
    stuffed,
    doubled,
    noise_behind_head,
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damaged file: how it was made of which format, and under which ending it goes."""

    kind: str
    form: str
    suffix: str
    content: bytes

    def named(self, number: int) -> str:
        """A file name that tells it."""
        return f"{number:05}-{self.kind}-{self.form.replace('.', '_')}.{self.suffix}"


def mutant(number: int, originals: Sequence[tuple[str, bytes]], seed: int) -> Mutant:
    """The mutant of that number; the same for the same seed and originals.

    One in sixteen is spliced from two formats, one goes under another format's name.
    """
    chance = random.Random(f"{seed}/{number}")
    form, content = originals[number % len(originals)]
    other, rest = chance.choice(originals)
    match chance.randrange(16):
        case 0:
            place = chance.randrange(len(content))
            return Mutant("spliced", form, _suffix(form), content[:place] + rest[min(place, len(rest) // 2) :])
        case 1:
            return Mutant("renamed", form, _suffix(other), content)
        case _:
            how = MUTATIONS[(number // len(originals)) % len(MUTATIONS)]
            return Mutant(how.__name__, form, _suffix(form), how(content, chance))


def _suffix(form: str) -> str:
    return form.rpartition(".")[2]
