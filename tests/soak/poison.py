"""Files that kill the process: by the kernel's OOM killer in a small cgroup, by SIGSEGV in the middle of libsndfile.

A supervisor starts the daemon again each time, as Docker and systemd do. After MAX_ATTEMPTS lives the poison lies in
quarantine, everything else is analyzed, and the daemon lives on.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup, why_not
from tests.soak.findings import Finding, exactly, holds, told
from tests.soak.music import make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

MAX_ATTEMPTS = 3
LIMIT_MIB = 160
#: Of a song of this length all three signals as one array each are larger than the limit, whatever the libraries take.
LARGE_SECONDS = 400
MARKER = b"kill the decoder that reads this"
SOURCE = Path(__file__).with_name("segfault.c")
SETTINGS = {"MAX_ATTEMPTS": str(MAX_ATTEMPTS), "RETRY_BACKOFF_SECONDS": "0.2", "WATCH_SETTLE_SECONDS": "0.2"}
#: How the daemon may be killed by memory: without the optimization a track is held whole.
HUNGRY = {"MEMORY_OPTIMIZATION_ENABLED": "false", "MUSICNN_RUNTIME": "off"}


@dataclass(slots=True)
class Story:
    """What became of a folder with one poisonous file in it."""

    deaths: list[int] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    failures: list[dict[str, object]] = field(default_factory=list)
    others: int = 0
    others_analyzed: int = 0
    cured: bool = False


def run(place: Place) -> list[Finding]:
    """Both poisons, one after the other."""
    findings = []
    for name, prove in (("OOM", oom), ("SIGSEGV", segfault)):
        began = time.monotonic()
        findings += prove(place)
        place.say(f"{name} took {time.monotonic() - began:.0f} s")
    return findings


def oom(place: Place) -> list[Finding]:
    """A track that needs far more memory than there is."""
    if trouble := why_not():
        return [told("OOM kills: not tried, there is no cgroup", trouble)]
    with memory_cgroup(LIMIT_MIB * MIB) as cgroup, _service(place, "oom", HUNGRY, cgroup=cgroup) as service:
        poison = _repeated(_music(place, service)[0], service.music / "poison.wav", LARGE_SECONDS)
        story = supervise(service, poison, cure=service.music / "000.wav")
        kills = exactly("OOM: kills by the kernel, by its own count", cgroup.oom_kills(), MAX_ATTEMPTS)
        return [
            told("OOM: limit of the real cgroup", f"{LIMIT_MIB} MiB"),
            kills,
            *_findings("OOM", story, signal.SIGKILL),
        ]


def segfault(place: Place) -> list[Finding]:
    """A file on whose content the decoder follows a null pointer."""
    library = compiled(place.folder)
    if library is None:
        return [told("SIGSEGV: not tried", "there is no C compiler (cc)")]
    with _service(place, "segfault", {"LD_PRELOAD": str(library)}) as service:
        sound = _music(place, service)[0]
        poison = service.music / "poison.wav"
        content = sound.read_bytes()
        middle = len(content) // 2
        poison.write_bytes(content[:middle] + MARKER + content[middle + len(MARKER) :])
        return _findings("SIGSEGV", supervise(service, poison, cure=sound), signal.SIGSEGV)


def compiled(folder: Path) -> Path | None:
    """The library with the bug, or None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "segfault.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def supervise(service: Service, poison: Path, *, cure: Path) -> Story:
    """Start the daemon until it stays alive with nothing left to do; then put a sound file in the poison's place."""
    story = Story(others=len(list(service.music.iterdir())) - 1)
    while len(story.deaths) <= MAX_ATTEMPTS + 1:
        service.spawn()
        if _worked_off(service):
            break
        story.deaths.append(-service.process.returncode if service.process else 0)
        service.journal.life_ended()
    story.blamed = [event["path"] for event in service.journal.read() if event["event"] == "track.crashed"]
    story.failures = [json.loads(line) for line in service.run("failures", "--json").stdout.splitlines()]
    story.others_analyzed = _analyzed(service)
    shutil.copyfile(cure, poison)
    service.until(lambda: _analyzed(service) == story.others + 1, "the cured file")
    story.cured = True
    service.stop()
    return story


def _worked_off(service: Service) -> bool:
    """Wait until nothing is left to do, or the process is dead; whether it lives."""
    assert service.process is not None
    done = "SELECT count(*) FROM files WHERE status IS NULL UNION ALL SELECT count(*) FROM files"
    while service.process.poll() is None:
        if service.status_of("/readyz") == 200:
            left, known = (int(row[0]) for row in service.ask_library(done))
            if known and not left:
                return True
        time.sleep(0.05)
    return False


def _analyzed(service: Service) -> int:
    (row,) = service.ask_library("SELECT count(*) FROM files WHERE status = 'analyzed'")
    return int(row[0])


@contextmanager
def _service(
    place: Place, name: str, settings: dict[str, str], cgroup: MemoryCgroup | None = None
) -> Iterator[Service]:
    with ExitStack() as parts:
        service = Service(place.folder / name, SETTINGS | settings, cgroup=cgroup)
        parts.callback(service.close)
        yield service


def _music(place: Place, service: Service) -> list[Path]:
    """A handful of tracks in the music folder, the first of them a WAV."""
    return make_excerpts(place.music, service.music, ("wav", "flac", "ogg", "mp3"), place.scaled(40, 4), seconds=8)


def _repeated(source: Path, target: Path, seconds: int) -> Path:
    """`source`, a WAV with a plain header of 44 or more bytes, over and over until it lasts `seconds`."""
    import soundfile

    samples, rate_hz = soundfile.read(source, dtype="int16")
    with soundfile.SoundFile(target, "w", rate_hz, samples.ndim, "PCM_16") as file:
        while file.tell() < seconds * rate_hz:
            file.write(samples)
    return target


def _findings(name: str, story: Story, number: signal.Signals) -> list[Finding]:
    named = {str(failure["path"]): failure for failure in story.failures}
    verdict = named.get("poison.wav", {})
    said = f"{verdict.get('status')}, {verdict.get('reason')}, {verdict.get('attempts')} attempts"
    return [
        exactly(f"{name}: lives that ended by {number.name}", story.deaths.count(number), MAX_ATTEMPTS),
        exactly(f"{name}: lives that ended otherwise", len(story.deaths) - story.deaths.count(number), 0),
        exactly(f"{name}: times that the log named the poison", story.blamed.count("poison.wav"), MAX_ATTEMPTS),
        exactly(f"{name}: times that it named another file", len(story.blamed) - story.blamed.count("poison.wav"), 0),
        exactly(f"{name}: other tracks analyzed", story.others_analyzed, story.others),
        holds(
            f"{name}: what `failures` says of the poison",
            said,
            reached=said == f"quarantined, crashed, {MAX_ATTEMPTS} attempts",
        ),
        exactly(f"{name}: other files in `failures`", len(named) - ("poison.wav" in named), 0),
        holds(f"{name}: a sound file in its place", "analyzed" if story.cured else "not analyzed", reached=story.cured),
    ]
