"""What the product does in cgroups of version 2, case by case, inside the user-mode machine.

Input: files of an hour and of ten minutes. Output: a `Case` each, one row of the table. Whole means: status "analyzed",
not truncated.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cgroup2.groups import MIB, Group, greedy, group

PRODUCT = (sys.executable, "-m", "playlista")
PATIENCE_SECONDS = 3000.0


@dataclass(frozen=True, slots=True)
class Case:
    """What was done, what came of it in the product's and in the kernel's words, and whether that is right."""

    what: str
    limits: str
    outcome: str
    kernel: str
    seconds: float
    good: bool


@dataclass(frozen=True, slots=True)
class Music:
    """Files of an hour by format, and one of ten minutes."""

    hours: Mapping[str, Path]
    short: Path


def all_cases(music: Music) -> Iterator[Case]:
    """Run every case, one after the other."""
    for suffix, path in music.hours.items():
        with group("hour", memory_max=192 * MIB) as one:
            yield _analyzed(f"an hour of {suffix}", "max 192 MiB", one, path)
    with group("above", memory_max=384 * MIB, memory_high=256 * MIB) as one:
        yield _analyzed("memory.high above the need", "max 384 MiB, high 256 MiB", one, music.short)
    yield from _throttled(music)
    yield from _nested(music)
    yield _lowered(music)
    for oom_group in (0, 1):
        yield _neighbour(music, oom_group)


def _throttled(music: Music) -> Iterator[Case]:
    """A limit that slows down and does not kill: too low for tags, which are left out unless a runtime is forced."""
    with group("below", memory_max=192 * MIB, memory_high=80 * MIB) as one:
        yield _analyzed("memory.high below the need", "max 192 MiB, high 80 MiB", one, music.short, tags=False)
    with group("forced", memory_max=192 * MIB, memory_high=80 * MIB) as one:
        settings = {"MUSICNN_RUNTIME": "onnx"}
        what = "memory.high below the need, MUSICNN_RUNTIME=onnx"
        yield _analyzed(what, "max 192 MiB, high 80 MiB", one, music.short, settings=settings)


def _nested(music: Music) -> Iterator[Case]:
    with group("pod", memory_max=192 * MIB) as pod:
        with pod.below("inner", memory_max=512 * MIB) as inner:
            yield _analyzed("an ancestor has the lower limit", "pod 192 MiB, inside 512 MiB", inner, music.short, pod)
        with pod.below("plain") as inner:
            yield _analyzed("only an ancestor has a limit", "pod 192 MiB, inside none", inner, music.short, pod)
    with group("large", memory_max=512 * MIB) as pod, pod.below("inner", memory_max=192 * MIB) as inner:
        yield _analyzed("the group itself has the lower limit", "pod 512 MiB, inside 192 MiB", inner, music.short, pod)


def _analyzed(
    what: str,
    limits: str,
    inside: Group,
    path: Path,
    counted: Group | None = None,
    *,
    tags: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Case:
    """Analyze one file in `inside`.

    Parameters
    ----------
    counted : the group that the kernel is asked about; `inside` unless said.
    tags : whether the limit is high enough for them.
    settings : besides the defaults.
    """
    began = time.monotonic()
    process = inside.start([*PRODUCT, "analyze", "--json", str(path)], {**os.environ, **(settings or {})})
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    seconds = time.monotonic() - began
    counted = counted or inside
    result = _result(output)
    good = _is_whole(result) and bool(result["tags"]) == tags and counted.events()["oom_kill"] == 0
    return Case(what, limits, _described(result, process.returncode), _kernel(counted), seconds, good)


def _lowered(music: Music) -> Case:
    """Lower the limit of a running analysis, below what it then holds with its page cache."""
    began = time.monotonic()
    path = music.hours["FLAC"]
    with group("lowered", memory_max=512 * MIB) as one:
        process = one.start([*PRODUCT, "analyze", "--json", str(path)], os.environ)
        time.sleep(10)
        before = one.current_mib()
        one.write("memory.max", 128 * MIB)
        alive = process.poll() is None
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        result = _result(output)
        outcome = f"{before:.0f} MiB charged when it was lowered; {_described(result, process.returncode)}"
        good = alive and _is_whole(result) and bool(result["tags"]) and one.events()["oom_kill"] == 0
        kernel = _kernel(one)
    limits = "max 512 MiB, after 10 s 128 MiB"
    return Case("a limit lowered while it runs", limits, outcome, kernel, time.monotonic() - began, good)


def _neighbour(music: Music, oom_group: int) -> Case:
    """A program in the same cgroup takes more than there is while the daemon analyzes; then the daemon runs again."""
    began = time.monotonic()
    data = Path(os.environ["TMPDIR"], f"data-{oom_group}")
    log = data.with_suffix(".log")
    # Without a pause after a crash, or "run --once" would end before the track is due again.
    timing = {"WATCH_SETTLE_SECONDS": "0", "RETRY_BACKOFF_SECONDS": "0"}
    settings = {"MUSIC_DIR": str(music.short.parent), "DATA_DIR": str(data), **timing}
    environment = {**os.environ, **settings, "LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
    run_once = [*PRODUCT, "run", "--once"]
    with group(f"oom-{oom_group}", memory_max=192 * MIB, memory_oom_group=oom_group) as one:
        daemon = one.start(run_once, environment, log)
        _wait_for(lambda: "track.admitted" in log.read_text())
        neighbour = one.start(greedy(256), environment)
        neighbour.wait(PATIENCE_SECONDS)
        daemon.wait(PATIENCE_SECONDS)
        first = "goes on" if daemon.returncode == 0 else "is killed with it"
        if daemon.returncode == -signal.SIGKILL:
            one.start(run_once, environment).wait(PATIENCE_SECONDS)
        states = _states(environment)
        kernel = _kernel(one)
    killed_first = daemon.returncode == -signal.SIGKILL
    good = neighbour.returncode == -signal.SIGKILL and killed_first == bool(oom_group) and states == {"analyzed": 1}
    outcome = f"the neighbour is killed, the daemon {first}; at last {states.get('analyzed', 0)} of 1 analyzed"
    what = "a neighbour takes all memory"
    return Case(what, f"max 192 MiB, oom.group {oom_group}", outcome, kernel, time.monotonic() - began, good)


def _states(environment: Mapping[str, str]) -> dict[str, int]:
    """How many tracks the library has of each status."""
    done = subprocess.run([*PRODUCT, "list", "--json"], env=environment, capture_output=True, text=True, check=False)
    states = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    return {state: states.count(state) for state in set(states)}


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the daemon began no track within five minutes")
        time.sleep(0.2)


def _result(output: str) -> dict[str, Any]:
    """The first whole line; a killed process may leave none."""
    line = output.partition("\n")[0]
    return dict(json.loads(line)) if line.endswith("}") else {}


def _is_whole(result: Mapping[str, Any]) -> bool:
    return bool(result) and result["status"] == "analyzed" and not result["audio"]["truncated"]


def _described(result: Mapping[str, Any], code: int) -> str:
    if not result:
        return f"no result, exit code {code}"
    memory = result["memory"]
    whole = "whole" if _is_whole(result) else f"{result['status']}, not whole"
    whole += ", with tags" if result["tags"] else ", without tags"
    seen, peak = memory["limit_bytes"] // MIB, memory["peak_rss_bytes"] // MIB
    return f"{whole}; sees {seen} MiB, peak RSS {peak} MiB"


def _kernel(counted: Group) -> str:
    events = counted.events()
    said = [f"{name} {events[name]}" for name in ("high", "oom_kill", "oom_group_kill") if events.get(name)]
    return ", ".join([f"peak {counted.peak_mib():.0f} MiB", *said])


def real_cgroup_tests() -> Case:
    """The tests of real cgroups, of which those for version 2 are skipped on a machine with version 1."""
    began = time.monotonic()
    tests = ["tests/memory/test_real_cgroups.py", "tests/memory/test_daemon_in_cgroup.py"]
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-k", "v2", *tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    results = re.findall(r"^=* ?(\d+ \w+.*?) in ", done.stdout, re.MULTILINE) or ["no tests ran"]
    skipped = re.findall(r"^SKIPPED .*: (.+)$", done.stdout, re.MULTILINE)
    outcome = "; ".join([results[-1], *skipped])
    good = done.returncode == 0 and not skipped
    if not good:
        sys.stderr.write(done.stdout)
    return Case("the project's tests of real cgroups", "v2", outcome, "", time.monotonic() - began, good)
