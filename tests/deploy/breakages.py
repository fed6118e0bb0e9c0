"""How each subject of the checks is broken on purpose: check, what it has to complain about, what to do to the copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Break = Callable[[Path], None]


def replace(file: str, old: str, new: str) -> Break:
    """Break `file` by replacing text that has to be in it."""

    def apply(root: Path) -> None:
        text = (root / file).read_text("utf-8")
        assert old in text, f"{file} no longer contains {old!r}: this test breaks nothing"
        (root / file).write_text(text.replace(old, new), "utf-8")

    return apply


def remove(*files: str) -> Break:
    """Break the project by removing all that matches `files`."""

    def apply(root: Path) -> None:
        found = [path for pattern in files for path in root.glob(pattern)]
        assert found
        for path in found:
            path.unlink()

    return apply


def dashboard(change: Callable[[dict[str, Any]], None]) -> Break:
    """Break the dashboard's JSON."""

    def apply(root: Path) -> None:
        file = root / "deploy/grafana/playlista.json"
        board = json.loads(file.read_text("utf-8"))
        change(board)
        file.write_text(json.dumps(board), "utf-8")

    return apply


def panel(change: Callable[[dict[str, Any]], object]) -> Break:
    """Break one panel, the second: the first is a row's heading."""
    return dashboard(lambda board: change(board["panels"][1]) and None)


def spare_value_sets(root: Path) -> None:
    """Leave the four sets of values that render every template: 19 take seconds, and the break shows in one."""
    for file in (root / "helm/playlista/ci").glob("*.yaml"):
        if file.name not in {f"{name}-values.yaml" for name in ("default", "operator", "pod-monitor", "gateway")}:
            file.unlink()


DEPLOYMENT = "helm/playlista/templates/deployment.yaml"
HELPERS = "helm/playlista/templates/_helpers.tpl"
RULES = "deploy/prometheus/playlista.rules.yml"
RULE_TESTS = "deploy/prometheus/playlista.rules.test.yml"
COMPOSE = "deploy/compose.yaml"
UNIT = "deploy/systemd/playlista.service"
SMALL_RESOURCES = "{requests: {memory: 64Mi}, limits: {memory: 64Mi}}"
MEMORY_METRIC = "playlista_memory_working_set_bytes"

BROKEN: list[tuple[str, str, Break]] = [
    ("image: hadolint", "DL3004", replace("Dockerfile", "WORKDIR /data", "RUN sudo ls\nWORKDIR /data")),
    ("image: hadolint", "DL3025", replace("Dockerfile", 'CMD ["run"]', "CMD run")),
    ("image: build context", "not there", remove("LICENSE")),
    ("image: build context", "keeps daemon out", replace(".dockerignore", "!daemon\n", "")),
    ("image: scripts", "SC2086", replace("deploy/image/entrypoint.sh", '--reuid "$user"', "--reuid $user")),
    ("image: scripts", "not executable", lambda root: (root / "deploy/image/entrypoint.sh").chmod(0o644)),
    ("chart: lint", "fewer than 12", remove("helm/playlista/ci/[a-n]*-values.yaml")),
    ("chart: lint", "parse error", replace(DEPLOYMENT, "{{ .Values.replicas }}", "{{ .Values.replicas")),
    ("chart: Kubernetes schemas", "replicaz", replace(DEPLOYMENT, "  replicas:", "  replicaz:")),
    ("chart: Kubernetes schemas", "1.25", replace(HELPERS, "httpGet:", "httpGets:")),
    ("chart: operator schemas", "intervall", replace(HELPERS, "interval: {{", "intervall: {{")),
    ("chart: operator schemas", "no set of values renders a PodMonitor", remove("helm/playlista/ci/pod-monitor*")),
    ("chart: promises", "keeps capabilities", replace(HELPERS, "drop: [ALL]", "drop: [NET_RAW]")),
    (
        "chart: promises",
        "write its root",
        replace(HELPERS, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    ),
    ("chart: promises", "gain privileges", replace(HELPERS, "PrivilegeEscalation: false", "PrivilegeEscalation: true")),
    ("chart: promises", "may be root", replace(HELPERS, "runAsNonRoot: true", "runAsNonRoot: false")),
    ("chart: promises", "no seccomp", replace(HELPERS, "type: RuntimeDefault", "type: Unconfined")),
    ("chart: promises", "account token", replace(DEPLOYMENT, "automountServiceAccountToken: false", "hostname: x")),
    ("chart: promises", "shared with the node", replace(DEPLOYMENT, "enableServiceLinks: false", "hostPID: true")),
    (
        "chart: promises",
        "volume tmp",
        replace(DEPLOYMENT, "emptyDir:\n            sizeLimit", "hostPath:\n            path"),
    ),
    (
        "chart: promises",
        "port of the node",
        replace(DEPLOYMENT, "containerPort: 9345", "containerPort: 9345\n              hostPort: 9345"),
    ),
    (
        "chart: promises",
        "no memory limit",
        replace(HELPERS, 'range $kind := list "requests" "limits"', 'range $kind := list "requests"'),
    ),
    ("chart: promises", "not Recreate", replace(DEPLOYMENT, "type: Recreate", "type: RollingUpdate")),
    ("chart: promises", "more than one", replace(DEPLOYMENT, "replicas: {{ .Values.replicas }}", "replicas: 2")),
    ("chart: promises", "restarts nothing", replace(DEPLOYMENT, "checksum/config", "checksum/nothing")),
    (
        "chart: promises",
        "music can be written",
        replace(DEPLOYMENT, "readOnly: {{ not .Values.persistence.music.writable }}\n              {{", "{{"),
    ),
    ("chart: promises", "does not ask /readyz", replace(DEPLOYMENT, '"/readyz"', '"/healthz"')),
    (
        "chart: promises",
        "not the memory allowed",
        replace("helm/playlista/values.yaml", "    memory: 256Mi\n  limits", "    memory: 64Mi\n  limits"),
    ),
    (
        "chart: promises",
        "less memory than 192 MiB",
        replace(DEPLOYMENT, '{{- include "playlista.resources" . | nindent 12 }}', SMALL_RESOURCES),
    ),
    ("chart: package", "lacks files/playlista.json", remove("helm/playlista/files/playlista.json")),
    ("chart: package", "ships ci/", replace("helm/playlista/.helmignore", "/ci/\n", "")),
    ("prometheus: syntax", "could not parse", replace(RULES, "up{job=", "up{job")),
    ("prometheus: unit tests", "NearMemoryLimit", replace(RULES, "ratio > 0.9", "ratio > 0.99")),
    ("prometheus: unit tests", "PlaylistaDown", replace(RULES, "for: 5m", "for: 50m")),
    (
        "prometheus: every alert tested",
        "no test in which it fires",
        replace(RULE_TESTS, "alertname: PlaylistaOomKill", "alertname: Other"),
    ),
    (
        "prometheus: every alert tested",
        "keeps silent",
        replace(RULE_TESTS, "eval_time: 30m\n        exp_alerts: []", "eval_time: 30m\n        exp_alerts: [{}]"),
    ),
    (
        "prometheus: every alert explained",
        "PlaylistaDown: no section",
        replace("docs/runbook.md", "## PlaylistaDown", "## Down"),
    ),
    ("prometheus: every alert explained", "severity", replace(RULES, "severity: warning", "severity: page")),
    ("prometheus: every alert explained", "no summary", replace(RULES, "          summary: ", "          title: ")),
    (
        "prometheus: metrics exist",
        "playlista_memory_used_bytes",
        replace(RULES, MEMORY_METRIC, "playlista_memory_used_bytes"),
    ),
    (
        "prometheus: metrics exist",
        "instance:playlista_x:ratio",
        replace(RULES, "instance:playlista_memory_utilization:ratio >", "instance:playlista_x:ratio >"),
    ),
    ("dashboard: readable", "no title", panel(lambda shown: shown.pop("title"))),
    ("dashboard: readable", "no description", panel(lambda shown: shown.pop("description"))),
    ("dashboard: readable", "no unit", panel(lambda shown: shown["fieldConfig"]["defaults"].pop("unit"))),
    ("dashboard: readable", "no thresholds", panel(lambda shown: shown["fieldConfig"]["defaults"].pop("thresholds"))),
    ("dashboard: readable", "asks nothing", panel(lambda shown: shown.update(targets=[]))),
    ("dashboard: readable", "cannot choose", panel(lambda shown: shown["datasource"].update(uid="mine"))),
    ("dashboard: layout", "two panels have one id", panel(lambda shown: shown.update(id=1))),
    ("dashboard: layout", "overlap", panel(lambda shown: shown["gridPos"].update(w=5))),
    ("dashboard: layout", "off the grid", panel(lambda shown: shown["gridPos"].update(x=22))),
    ("dashboard: variables", "no variable job", dashboard(lambda board: board["templating"]["list"].pop(1) and None)),
    (
        "dashboard: variables",
        "without the job",
        panel(lambda shown: shown["targets"][0].update(expr="playlista_tracks_in_flight")),
    ),
    (
        "dashboard: metrics exist",
        "playlista_flights",
        panel(lambda shown: shown["targets"][0].update(expr="playlista_flights")),
    ),
    ("dashboard: syntax", "parse", panel(lambda shown: shown["targets"][0].update(expr="sum(("))),
    ("compose: valid", "mem_limits", replace(COMPOSE, "mem_limit:", "mem_limits:")),
    ("compose: valid", "interpolat", replace(COMPOSE, "${MEMORY:-256m}", "${MEMORY")),
    ("compose: promises", "no mem_limit", replace(COMPOSE, "    mem_limit: 256m\n", "")),
    ("compose: promises", "no healthcheck", replace(COMPOSE, "test: [CMD, promtool, check, healthy]", "disable: true")),
    ("compose: promises", "not read_only", replace(COMPOSE, "read_only: true\n    cap_drop", "cap_drop")),
    ("compose: promises", "capabilities", replace(COMPOSE, "    cap_drop: [ALL]\n", "")),
    ("compose: promises", "gain privileges", replace(COMPOSE, '    security_opt: ["no-new-privileges:true"]\n', "")),
    (
        "compose: promises",
        "some NAS refuse",
        replace(COMPOSE, "    mem_limit: 256m\n", "    mem_limit: 256m\n    cpus: 1\n"),
    ),
    (
        "compose: promises",
        "/music can be written",
        replace(COMPOSE, "target: /music\n        read_only: true", "target: /music"),
    ),
    ("compose: promises", "/data is no", replace(COMPOSE, "target: /data", "target: /date")),
    ("compose: promises", "no tmpfs", replace(COMPOSE, '    tmpfs: ["/tmp:size=256m,mode=1777"]\n', "")),
    ("systemd: valid", "Unknown key", replace(UNIT, "MemoryMax=", "MaxMemory=")),
    ("systemd: hardened", "exposure", replace(UNIT, "CapabilityBoundingSet=\n", "")),
    ("systemd: limits", "MemoryMax is absent", replace(UNIT, "MemoryMax=256M\n", "")),
    (
        "environment: left to the program",
        "Dockerfile: sets MALLOC_ARENA_MAX",
        replace("Dockerfile", "    HOME=/tmp", "    MALLOC_ARENA_MAX=2 HOME=/tmp"),
    ),
    (
        "environment: left to the program",
        "playlista.service: sets MALLOC_TRIM_THRESHOLD_",
        replace(UNIT, "Environment=DATA", 'Environment="MALLOC_TRIM_THRESHOLD_=131072" DATA'),
    ),
    (
        "environment: left to the program",
        "compose.yaml: sets OPENBLAS_NUM_THREADS",
        replace(COMPOSE, "      LOG_FORMAT: json", "      LOG_FORMAT: json\n      OPENBLAS_NUM_THREADS: 4"),
    ),
    (
        "environment: left to the program",
        "playlista: sets MALLOC_MMAP_THRESHOLD_",
        replace("helm/playlista/values.yaml", "\nenv: []", "\nenv: [{name: MALLOC_MMAP_THRESHOLD_, value: 1}]"),
    ),
    (
        "environment: left to the program",
        "playlista: sets OMP_NUM_THREADS",
        replace(
            DEPLOYMENT,
            "          env:",
            '          env:\n            - name: OMP_NUM_THREADS\n              value: "4"',
        ),
    ),
    (
        "generated files",
        "README.md",
        replace("helm/playlista/values.yaml", "# -- User of the process", "# -- The user"),
    ),
    ("generated files", "helm/playlista/files/playlista.rules.yml", replace(RULES, "ratio > 0.9", "ratio > 0.8")),
    ("generated files", "deploy/grafana/playlista.json", panel(lambda shown: shown.update(title="By hand"))),
]

#: For each promise of the Dockerfile, what to take out of it.
BROKEN_PROMISES = {
    "a base of one version": ("python:3.11.14-slim-bookworm", "python:latest"),
    "a user who is not root": ("USER 65534:65534", "USER root"),
    "an entrypoint in exec form": (
        'ENTRYPOINT ["/opt/playlista/entrypoint.sh"]',
        "ENTRYPOINT /opt/playlista/entrypoint.sh",
    ),
    "a health check in exec form": (
        'CMD ["/opt/playlista/bin/python", "-I", "/opt/playlista/healthcheck.py"]',
        "CMD true",
    ),
    "an install that is locked by hash": (
        "--require-hashes --requirement requirements.lock",
        "--requirement requirements.lock",
    ),
    "a lean install that is locked by hash": (
        "--require-hashes --requirement requirements-lean.lock",
        "--requirement requirements-lean.lock",
    ),
    "no dependency that would have to be compiled": ("--only-binary :all: ", ""),
    "a volume for the data": ('VOLUME ["/data"]', ""),
    "the target lean": ("AS lean", "AS small"),
    "the target full": ("AS full", "AS large"),
    "the target cluster": ("AS cluster", "AS many"),
    "its licence as a label": ("image.licenses=", "image.licence="),
    **{
        f"its {label} as a label": (f"image.{label}=", f"image.{label[:3]}=")
        for label in ("version", "revision", "created", "source", "documentation")
    },
    "its url as a label": ("image.url=", "image.address="),
}

RELEASE = ".github/workflows/release.yml"
#: For each promise of the release workflow, what to take out of it.
BROKEN_RELEASE = {
    "build on x86-64": ("[ubuntu-24.04, ", "["),
    "build on ARM": ("ubuntu-24.04-arm", "ubuntu-24.04"),
    "build every target": ("[lean, cluster, full]", "[lean, full]"),
    "call the lean image alone the newest": ("!= lean ]", "= full ]"),
    "test before it builds": ("needs: test", "needs: []"),
    "run each image before it pushes it": ("deploy/image/smoke.sh", "true"),
    "attach an SBOM": ("sbom: true", "sbom: false"),
    "attach the provenance": ("provenance: mode=max", "provenance: false"),
    "publish only a tag": ("if: github.ref_type == 'tag'", "if: true"),
}
BROKEN += [("workflow: promises", promise, replace(RELEASE, *change)) for promise, change in BROKEN_RELEASE.items()]
BROKEN += [
    ("workflow: promises", "names the registry 0 times", replace(RELEASE, "ghcr.io", "registry")),
    ("workflow: actionlint", "ubuntu-7", replace(RELEASE, "runs-on: ubuntu-24.04", "runs-on: ubuntu-7")),
    (
        "workflow: actionlint",
        "shellcheck",
        replace(RELEASE, 'mkdir digests && touch "digests/', "touch digests/$DIGEST\\"),
    ),
]
BROKEN += [
    ("image: promises", promise, replace("Dockerfile", old, new)) for promise, (old, new) in BROKEN_PROMISES.items()
]
