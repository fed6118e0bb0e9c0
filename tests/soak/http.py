"""Ten thousand hostile requests to a daemon with a hundred thousand tracks, in a small cgroup, while it analyzes.

Raw sockets send what `hostile_requests` makes; clients that drip or read slowly stay until they are shown out. Whoever
waits for an answer is timed, and so is a prober of its own that asks for /healthz all the while.
"""

from __future__ import annotations

import os
import queue
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup, why_not
from playlista.serve.parameters import cursor_at
from tests import signals
from tests.soak.findings import Finding, at_most, exactly, told
from tests.soak.hostile_requests import Conduct, Fuzzer, Request
from tests.soak.large_library import fill
from tests.soak.place import Place
from tests.soak.service import Service
from tests.soak.vitals import Vitals

REQUESTS = 10_000
TRACKS = 100_000
LIMIT_MIB = 256
CLIENTS = 8
#: Slow clients at a time; with those who wait for an answer they are fewer than one address may have.
SLOW_CLIENTS = 22
ANSWER_BAR_SECONDS = 2.0
GROWTH_BAR_MIB = 20.0
#: A client gives an answer up after this.
DEADLINE_SECONDS = 30.0
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.5"}
ORIGINALS = 4
#: What there is to analyze meanwhile; made beforehand, since the clients that are timed share a process with us.
WORK_TRACKS = 8
WORK_SECONDS = 900.0


def run(place: Place) -> list[Finding]:
    """The requests, and what became of the daemon."""
    if trouble := why_not():
        return [told("the requests were not sent", trouble)]
    with ExitStack() as resources:
        cgroup = resources.enter_context(memory_cgroup(LIMIT_MIB * MIB))
        service = Service(place.folder / "run", SETTINGS, cgroup=cgroup)
        resources.callback(service.close)
        _prepare(place, service)
        service.spawn()
        service.wait_ready(DEADLINE_SECONDS * 10)
        return _Siege(place, service, cgroup).findings()


def _prepare(place: Place, service: Service) -> None:
    for number in range(ORIGINALS):
        signals.write(service.music / f"original {number}.flac", signals.song(10, seed=number))
    assert service.run("run", "--once").returncode == 0
    place.say("making the library")
    seconds = WORK_SECONDS * min(1.0, place.scale * 5)
    for number in range(WORK_TRACKS):
        signals.write(place.folder / f"work {number}.flac", signals.song(seconds, seed=100 + number))
    fill(service.music, service.data, place.scaled(TRACKS, 1000))


class _Siege:
    """The requests, from all sides at once."""

    def __init__(self, place: Place, service: Service, cgroup: MemoryCgroup) -> None:
        self._place = place
        self._service = service
        self._cgroup = cgroup
        self._total = place.scaled(REQUESTS)
        self._seconds: list[float] = []
        self._slowest = (0.0, b"")
        self._loads: list[float] = []
        self._health_seconds: list[float] = []
        self._statuses: Counter[str] = Counter()
        self._conducts: Counter[Conduct] = Counter()
        self._slow = _SlowClients()
        self._requests: queue.Queue[Request] = queue.Queue()

    @property
    def _done(self) -> int:
        return self._conducts.total()

    def findings(self) -> list[Finding]:
        """Send all of them, and tell."""
        fuzzer = Fuzzer(random.Random(self._place.seed), cursor_at("many/0/000/000050.flac"))
        for _ in range(self._total):
            self._requests.put(fuzzer.next())
        self._begin_work()
        with (
            Vitals(self._service.pid, lambda: self._done) as vitals,
            _repeated(self._probe, 0.2),
            _repeated(self._slow.turn, 1.0),
        ):
            self._send_all()
        self._slow.leave()
        samples = [sample.resident_bytes / MIB for sample in vitals.samples if sample.progress > self._total / 10]
        alive = self._service.process is not None and self._service.process.poll() is None
        analyzed = self._service.metric('playlista_tracks_completed_total{result="analyzed"}') if alive else 0
        code, _ = self._service.stop()
        return self._told(samples, alive, int(analyzed), code)

    def _begin_work(self) -> None:
        """Let the daemon grow to its working size: libraries, model, pools, caches."""
        for track in self._place.folder.glob("work *.flac"):
            track.rename(self._service.music / track.name)
        analyzed = 'playlista_tracks_completed_total{result="analyzed"}'
        self._service.until(lambda: self._service.metric(analyzed) >= 1, "the first track", DEADLINE_SECONDS * 10)

    def _send_all(self) -> None:
        clients = [threading.Thread(target=self._client, daemon=True) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self) -> None:
        while True:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return
            self._send(request)
            self._conducts[request.conduct] += 1
            if self._done % 1000 == 0:
                self._place.say(f"{self._done} requests, the slowest answer {max(self._seconds, default=0):.2f} s")

    def _send(self, request: Request) -> None:
        try:
            client = socket.create_connection(("127.0.0.1", self._service.port), timeout=DEADLINE_SECONDS)
        except OSError as error:
            self._statuses[type(error).__name__] += 1
            return
        if request.conduct in {Conduct.DRIPS, Conduct.READS_SLOWLY}:
            self._slow.take(client, request)
            return
        with client:
            if request.conduct is Conduct.LEAVES:
                with suppress(OSError):
                    client.sendall(request.sent)
                return
            self._read(client, request)

    def _read(self, client: socket.socket, request: Request) -> None:
        began, first = time.monotonic(), b""
        with suppress(OSError):  # the server may close before it was sent everything: its answer is there to be read
            client.sendall(request.sent)
            if request.conduct is Conduct.HALF_CLOSES or not request.is_whole:
                client.shutdown(socket.SHUT_WR)  # else the server would rightly wait for the rest
        try:
            while piece := client.recv(65536):
                first = first or piece
        except TimeoutError:
            self._statuses["no answer"] += 1
        except OSError:
            pass  # reset: it was sent more than was read
        self._seconds.append(time.monotonic() - began)
        self._slowest = max(self._slowest, (self._seconds[-1], request.sent))
        self._statuses[first[9:12].decode("ascii", "replace") or "closed"] += 1

    def _probe(self) -> None:
        self._loads.append(os.getloadavg()[0])
        began = time.monotonic()
        status = self._service.status_of("/healthz")
        self._health_seconds.append(time.monotonic() - began if status == 200 else DEADLINE_SECONDS)

    def _told(self, samples: list[float], alive: bool, analyzed: int, code: int) -> list[Finding]:
        tenth = max(1, len(samples) // 10)
        begin, end = statistics.median(samples[:tenth]), statistics.median(samples[-tenth:])
        return [
            exactly("requests", self._done, self._total),
            told("of these", ", ".join(f"{count} {conduct.value}" for conduct, count in self._conducts.items())),
            told("tracks in the library", self._place.scaled(TRACKS, 1000)),
            exactly("deaths of the daemon", int(not alive), 0),
            exactly("OOM kills", self._cgroup.oom_kills(), 0),
            exactly("exit code after SIGTERM", code, 0),
            told("answers by status; closed: what was sent is no request", _counted(self._statuses)),
            exactly("requests that nobody answered or refused", self._statuses["no answer"], 0),
            at_most("longest time to a whole answer", max(self._seconds), ANSWER_BAR_SECONDS, " s"),
            told("that was to", ascii(self._slowest[1][:50]).replace("|", " ")),
            told("median and 99 % of it", _median_and_most(self._seconds)),
            at_most("longest time to an answer of /healthz", max(self._health_seconds), ANSWER_BAR_SECONDS, " s"),
            told("median and 99 % of it, over all probes", _median_and_most(self._health_seconds)),
            at_most("resident memory, growth from the second tenth to the last", end - begin, GROWTH_BAR_MIB, " MiB"),
            told("that is from, to, at most", f"{begin:.1f}, {end:.1f}, {max(samples):.1f} MiB"),
            told("tracks analyzed meanwhile", analyzed),
            told("slow clients shown out", self._slow.shown_out),
            told("load of this machine meanwhile (2 cores are 2.0), median", f"{statistics.median(self._loads):.1f}"),
        ]


class _SlowClients:
    """Clients that drip or read slowly, until the server closes them or they become too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: list[tuple[socket.socket, Request, int]] = []
        self.shown_out = 0

    def take(self, client: socket.socket, request: Request) -> None:
        """One more; the oldest leaves where there are too many."""
        client.settimeout(0.01)
        if request.conduct is Conduct.READS_SLOWLY:
            with suppress(OSError):
                client.sendall(b"GET /api/v1/tracks?limit=500 HTTP/1.1\r\nHost: x\r\n\r\n")
        with self._lock:
            self._clients.append((client, request, 0))
            if len(self._clients) > SLOW_CLIENTS:
                self._clients.pop(0)[0].close()

    def turn(self) -> None:
        """A byte for each."""
        with self._lock:
            clients, self._clients = self._clients, []
            for client, request, position in clients:
                if self._goes_on(client, request, position):
                    self._clients.append((client, request, position + 1))
                else:
                    self.shown_out += 1
                    client.close()

    def leave(self) -> None:
        """All that are left."""
        while self._clients:
            self._clients.pop()[0].close()

    @staticmethod
    def _goes_on(client: socket.socket, request: Request, position: int) -> bool:
        try:
            if request.conduct is Conduct.DRIPS:
                client.sendall(request.sent[position : position + 1] or b"x")
            return client.recv(1) != b""
        except TimeoutError:
            return True
        except OSError:
            return False


@contextmanager
def _repeated(act: Callable[[], None], seconds: float) -> Iterator[None]:
    """`act` in a thread, and again after so many seconds, for the length of the block."""
    ended = threading.Event()

    def keep_asking() -> None:
        while not ended.is_set():
            act()
            ended.wait(seconds)

    thread = threading.Thread(target=keep_asking, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))


def _median_and_most(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{statistics.median(ordered):.3f} s, {ordered[int(len(ordered) * 0.99)]:.3f} s"
