"""Which runtime ``MUSICNN_RUNTIME=auto`` takes inside this process's limits, and why; without a file nothing is run."""

from __future__ import annotations

import json


def main() -> None:
    from playlista.config import settings_from_process
    from playlista.environment import prepare_environment

    settings = settings_from_process()
    prepare_environment(settings.native_environment(), threads=1)
    from playlista.memory.cgroup import Cgroup
    from playlista.tagger import load_tagger

    cgroup = Cgroup()
    tagger = load_tagger(settings, cgroup)
    print(json.dumps({"runtime": tagger.runtime, "why": tagger.why, "limit_bytes": cgroup.memory_limit().bytes}))


if __name__ == "__main__":
    main()
