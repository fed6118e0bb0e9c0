"""Awkward folders, for real: bursts, renames, disks that go and come, watches that run out, odd names."""

from __future__ import annotations

import os
import shutil
import unicodedata

from tests.soak.burst import DONE, burst, number_of, renames
from tests.soak.findings import Finding, exactly
from tests.soak.mounts import exhausted, unmounted
from tests.soak.music import make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

NAMES = (
    b"not utf-8 \xff\xfe.wav",
    b"line\nbreak.wav",
    b"carriage\rreturn\ttab.wav",
    b"-rf.wav",
    b"'; DROP TABLE files; --.wav",
    b"%s $(reboot) `reboot`.wav",
    b"concat:a|b.wav",
    b"\\back\\slash.wav",
    b"?query=1&b#fragment.wav",
    "Beyonc\u00e9.wav".encode(),
    unicodedata.normalize("NFD", "Beyonc\u00e9.wav").encode(),
    "\u202egnp.wav".encode(),
    b"case.wav",
    b"CASE.wav",
    b"x" * 251 + b".wav",
    b" .wav",
)
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.2", "MUSICNN_RUNTIME": "off"}
PATH_BYTES = 4096  # with the byte that ends it, as the kernel counts


def run(place: Place) -> list[Finding]:
    """All cases, one after the other."""
    findings = []
    for case in (names, burst, exhausted, unmounted, renames):
        findings += case(place)
        place.say(f"{case.__name__} done")
    return findings


def names(place: Place) -> list[Finding]:
    """Names of odd bytes, and a path as long as the kernel takes."""
    (clip,) = make_excerpts(place.music, place.folder / "clip", ("wav",), 1, seconds=1)
    service = Service(place.folder / "names", SETTINGS)
    try:
        service.spawn()
        service.wait_ready()
        wanted = {_copied(clip, service, name) for name in NAMES} | {_deep(clip, service)}
        service.until(lambda: number_of(service, DONE) == len(wanted), "all names")
        stored = set(service.paths_where("SELECT path FROM files WHERE status = 'analyzed'"))
        shown = [
            service.run("show", "--json", "--", os.path.join(service.music, path)).returncode for path in NAMES_SHOWN
        ]
        service.stop()
        service.journal.read()
    finally:
        service.close()
    return [
        exactly("names: odd ones and a path of 4,095 bytes, stored byte for byte", len(stored & wanted), len(wanted)),
        exactly("names: lines of the log that they broke", len(service.journal.unreadable), 0),
        exactly("names: `show` finds them", shown.count(0), len(NAMES_SHOWN)),
    ]


NAMES_SHOWN = tuple(os.fsdecode(name) for name in NAMES[:2])


def _copied(clip: os.PathLike[str], service: Service, name: bytes) -> str:
    shutil.copyfile(clip, os.path.join(os.fsencode(service.music), name))
    return os.fsdecode(name)


def _deep(clip: os.PathLike[str], service: Service) -> str:
    """A file below so many folders that its path from the root is as long as can be; made step by step."""
    left = PATH_BYTES - 1 - len(os.fsencode(service.music)) - 1
    folder = os.open(service.music, os.O_RDONLY)
    steps = []
    while left > 200 + 6:
        steps.append("d" * min(200, left - 6))
        os.mkdir(steps[-1], dir_fd=folder)
        deeper = os.open(steps[-1], os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder, left = deeper, left - len(steps[-1]) - 1
    name = "f" * (left - 4) + ".wav"
    target = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder)
    with open(clip, "rb") as source, os.fdopen(target, "wb") as file:
        shutil.copyfileobj(source, file)
    os.close(folder)
    return "/".join([*steps, name])
