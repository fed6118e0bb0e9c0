"""Which runtime ``MUSICNN_RUNTIME=auto`` takes inside this process's limits, and why; without a file nothing is run."""

from __future__ import annotations

import json

#: What there is without the extras.
LOCKED = {"numpy", "essentia"}


def main() -> None:
    from playlista.config import settings_from_process
    from playlista.system.environment import prepare_environment

    settings = settings_from_process()
    prepare_environment(settings.native_environment(), threads=1)
    from playlista.analysis.tagger import load_tagger
    from playlista.memory.cgroup import Cgroup
    from playlista.musicnn.choice import choose_runtime
    from playlista.musicnn.runtimes.runtime import installed_runtimes
    from playlista.system.processor import cpu_flags

    cgroup = Cgroup()
    tagger = load_tagger(settings, cgroup)
    limit_bytes = cgroup.memory_limit().bytes
    lean = choose_runtime(
        "auto", limit_bytes=limit_bytes, installed=LOCKED & installed_runtimes(), cpu_flags=cpu_flags()
    )
    choice = {"runtime": tagger.runtime, "why": tagger.why, "limit_bytes": limit_bytes}
    print(json.dumps({**choice, "lean_runtime": lean.name, "lean_why": lean.why}))


if __name__ == "__main__":
    main()
