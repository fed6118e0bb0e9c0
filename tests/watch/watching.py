"""A process that watches a folder into a library and says how it goes, for tests that need a process of their own.

Run as ``python -m tests.watch.watching ROOT DATA MODE``; each line on stdin is Python that it executes, and each
change of its state is a line of JSON on stdout.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from playlista.watch import event_source
from playlista.watch.options import WatchOptions
from playlista.watch.watcher import MusicWatcher
from tests.libraries import open_parts


def main(root: str, data: str, mode: str) -> None:
    event_source.RETRY_SECONDS = 0.5
    ended = threading.Event()
    threading.Thread(target=_obey, args=(ended,), daemon=True).start()
    with open_parts(Path(data)) as parts:
        watcher = MusicWatcher(
            root,
            parts.library,
            parts.queue.enqueue,
            WatchOptions(
                mode=mode,  # type: ignore[arg-type]
                settle_seconds=0.3,
                rescan_interval_seconds=3600,
            ),
            count=lambda event: None,
        )
        watcher.start()
        said = ""
        while not ended.wait(0.05):
            state = asdict(watcher.health()) | {"known": parts.library.count(), "overflows": watcher.overflows}
            line = json.dumps(state)
            if line != said:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
                said = line
        watcher.stop()


def _obey(ended: threading.Event) -> None:
    for line in sys.stdin:
        exec(line)
    ended.set()


if __name__ == "__main__":
    main(*sys.argv[1:4])
