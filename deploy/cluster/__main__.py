"""``python -m deploy.cluster [--write]``: the chart on a real Kubernetes API server, as a table.

Exit 1 when an installation, an upgrade or a pod fails, or when a guard does not refuse; exit 1 as well when a tool is
missing and CI is set, else that is said and exit 0. ``--write`` puts the tables into docs/deploy/kubernetes.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tables import markdown_table, write_section
from deploy.checks.chart import value_sets
from deploy.checks.tools import PROJECT, TOOLS, ToolMissing, locate
from deploy.cluster.guards import Refusal, try_guards
from deploy.cluster.server import PROGRAMS, ApiServer, api_server
from deploy.cluster.trial import RELEASE, Trial, helm, install_definitions, make_namespace, pod_of, try_values

PAGE = PROJECT / "docs/deploy/kubernetes.md"
GUARDED = "guarded"


def main(arguments: list[str]) -> int:
    """Run everything and print it."""
    missing = _missing()
    if missing:
        sys.stdout.write(f"skip  Kubernetes: {missing}\n")
        return int(bool(os.environ.get("CI")))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="playlista-cluster-") as folder, api_server(Path(folder)) as server:
        say(f"kube-apiserver {server.version()} is ready after {time.monotonic() - began:.0f} s")
        install_definitions(server, TOOLS / "crds")
        trials = [_said(try_values(server, values)) for values in value_sets(PROJECT)]
        refusals = _guards(server)
        report = f"Kubernetes {server.version()}.\n\n{_trials_table(trials)}\n\n{_refusals_table(refusals)}"
    sys.stdout.write(f"\n{report}\n")
    if "--write" in arguments:
        write_section(PAGE, "test-kubernetes", report)
    return int(any(trial.problems for trial in trials) or not all(refusal.refused for refusal in refusals))


def say(text: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"playlista: {text}\n")
    sys.stdout.flush()


def _missing() -> str | None:
    """What cannot be had here; None if everything is there."""
    try:
        locate("helm")
        locate("openssl")
    except ToolMissing as error:
        return str(error)
    if not all((PROGRAMS / name).is_file() for name in ("etcd", "kube-apiserver")):
        return "kube-apiserver is not built; run sh deploy/cluster/build.sh, which needs Go"
    if not (TOOLS / "crds/httproutes.yaml").is_file():
        return "the Gateway API's schemas are not here; run sh deploy/tools.sh"
    return None


def _said(trial: Trial) -> Trial:
    say(f"{trial.values}: {'; '.join(trial.problems) or 'good'}")
    return trial


def _guards(server: ApiServer) -> list[Refusal]:
    """Install the chart's default values once more, and break its pod in every way."""
    make_namespace(server, GUARDED)
    values = next(values for values in value_sets(PROJECT) if values.name == "default-values.yaml")
    helm(server, "install", GUARDED, values)
    path = f"/apis/apps/v1/namespaces/{GUARDED}/deployments/{RELEASE}-playlista"
    return try_guards(server, GUARDED, pod_of(server.request("GET", path).body))


def _trials_table(trials: list[Trial]) -> str:
    rows = [(one.values, one.objects, one.pods, "; ".join(one.problems) or "good") for one in trials]
    return markdown_table(("values", "objects", "pods created", "install, pods, upgrade"), rows)


def _refusals_table(refusals: list[Refusal]) -> str:
    rows = [
        (one.broken, "yes" if one.refused else "NO", one.reason.partition(": ")[2] or one.reason) for one in refusals
    ]
    return markdown_table(("the same pod, but", "refused", "the server's reason"), rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
