"""Show that the guards hold: a pod that breaks the restricted standard is refused by a real API server.

Input: a server, a namespace that enforces the standard, and the chart's own pod, which is accepted there. Output: for
each way in which it is broken whether it was refused, and the server's reason.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deploy.cluster.server import ApiServer, Manifest
from deploy.cluster.trial import create_pod

Break = Callable[[Manifest], object]


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one broken pod fared; `reason` is the server's."""

    broken: str
    refused: bool
    reason: str


def _container(pod: Manifest) -> Manifest:
    container: Manifest = pod["spec"]["containers"][0]
    return container


def _context(pod: Manifest) -> Manifest:
    context: Manifest = _container(pod)["securityContext"]
    return context


#: What is done to the pod's manifest, which is otherwise as the chart makes it.
BROKEN: Mapping[str, Break] = {
    "may gain privileges": lambda pod: _context(pod).update(allowPrivilegeEscalation=True),
    "privileged": lambda pod: _context(pod).update(privileged=True, allowPrivilegeEscalation=True),
    "keeps capabilities": lambda pod: _context(pod).pop("capabilities"),
    "adds a capability": lambda pod: _context(pod)["capabilities"].update(add=["SYS_ADMIN"]),
    "may be root": lambda pod: pod["spec"]["securityContext"].pop("runAsNonRoot"),
    "is root": lambda pod: pod["spec"]["securityContext"].update(runAsUser=0),
    "no seccomp profile": lambda pod: pod["spec"]["securityContext"].pop("seccompProfile"),
    "the node's network": lambda pod: pod["spec"].update(hostNetwork=True),
    "the node's processes": lambda pod: pod["spec"].update(hostPID=True),
    "a folder of the node": lambda pod: pod["spec"]["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
    "an unknown field": lambda pod: _container(pod).update(memoryLimit="1Gi"),
    "more memory asked for than allowed": lambda pod: _container(pod)["resources"]["requests"].update(memory="1Ti"),
}


def try_guards(server: ApiServer, namespace: str, pod: Manifest) -> list[Refusal]:
    """Create every broken form of `pod`."""
    refusals = []
    for number, (name, break_it) in enumerate(BROKEN.items()):
        broken = copy.deepcopy(pod)
        broken["metadata"]["name"] = f"broken-{number}"
        break_it(broken)
        answer = create_pod(server, namespace, broken)
        refusals.append(Refusal(name, answer.status in {400, 403, 422}, answer.message or "accepted"))
    return refusals
