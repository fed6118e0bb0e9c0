"""compose.yaml as Docker Compose itself reads it, and the promises of every service in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.checks.tools import Outcome, run

FILE = Path("deploy/compose.yaml")
CLUSTER = Path("deploy/compose.cluster.yaml")

#: NAS kernels without CFS quotas refuse to start a container that has one of these.
REFUSED_BY_NAS = ("cpus", "cpu_quota", "cpu_period", "cpu_shares", "cpuset", "deploy")


def render(root: Path, *more: Path) -> Outcome:
    """The file with both profiles, and `more` files over it, resolved to JSON."""
    files = [argument for file in (FILE, *more) for argument in ("--file", file)]
    return run(
        "docker-compose", *files, "--profile", "monitoring", "config", "--format", "json",
        cwd=root, environment={"MUSIC": "/music"},
    )  # fmt: skip


def valid(root: Path) -> list[str]:
    """Docker Compose accepts it, alone and with the cluster."""
    return render(root).problems() + render(root, CLUSTER).problems("with the cluster: ")


def promises(root: Path) -> list[str]:
    """Memory limit, health check, read-only root, no capabilities and no CPU quota, in every service."""
    rendered = render(root, CLUSTER)
    if rendered.code:
        return rendered.problems()
    services: dict[str, dict[str, Any]] = json.loads(rendered.output)["services"]
    return [f"{name}: {broken}" for name, service in services.items() for broken in _broken(service)] + [
        f"playlista: {broken}" for broken in _broken_mounts(services["playlista"])
    ]


def _broken(service: dict[str, Any]) -> Iterator[str]:
    if not int(service.get("mem_limit", 0)):
        yield "no mem_limit"
    if not service.get("healthcheck", {}).get("test"):
        yield "no healthcheck"
    if service.get("read_only") is not True:
        yield "root file system not read_only"
    if service.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "may gain privileges"
    yield from (f"sets {key}, which some NAS refuse" for key in REFUSED_BY_NAS if key in service)


def _broken_mounts(service: dict[str, Any]) -> Iterator[str]:
    mounts = {mount["target"]: mount for mount in service["volumes"]}
    if not mounts.get("/music", {}).get("read_only"):
        yield "/music can be written"
    if mounts.get("/data", {}).get("read_only") or "/data" not in mounts:
        yield "/data is no writable volume"
    if not service.get("tmpfs"):
        yield "no tmpfs for what decoders put aside"
