"""Kubernetes' restricted Pod Security Standard, as its page states it, and two promises more.

Input: a pod's spec. Output: a line for each clause that it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: The only kinds of volume that the standard allows.
ALLOWED_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)


def violations(spec: dict[str, Any]) -> Iterator[str]:
    """Clauses that the pod breaks."""
    yield from (f"{key} is shared with the node" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    if spec.get("automountServiceAccountToken") is not False:
        yield "mounts a service account token"
    for volume in spec.get("volumes", []):
        if not (set(volume) - {"name"}) <= ALLOWED_VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed"
    pod = spec.get("securityContext", {})
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        yield from _violations(container, {**pod, **container.get("securityContext", {})})


def _violations(container: dict[str, Any], context: dict[str, Any]) -> Iterator[str]:
    name = container["name"]
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{name} may gain privileges"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{name} keeps capabilities"
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield f"{name} may be root"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield f"{name} has no seccomp profile"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name} may write its root file system"
    yield from (f"{name} opens a port of the node" for port in container.get("ports", []) if port.get("hostPort"))
    if "limits" not in container.get("resources", {}):
        yield f"{name} has no memory limit"
