"""Install and upgrade the chart with one file of values on a real API server, and create its pods.

Input: a server and a file of values. Output: a `Trial`, one row of the table. The namespace enforces the restricted Pod
Security Standard, at the newest version that the server knows. What controllers would do is done here: each pod is
created from the template of its Deployment or DaemonSet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.chart import CHART
from deploy.checks.tools import PROJECT, Outcome, run
from deploy.cluster.server import Answer, ApiServer, Manifest

RELEASE = "trial"

#: Kinds that have a template of pods.
_CONTROLLERS = {"Deployment", "DaemonSet"}

#: Groups whose path does not begin with /apis.
_CORE = "v1"


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened with one file of values; `problems` is empty when all went well."""

    values: str
    objects: int
    pods: int
    problems: list[str] = field(default_factory=list)


def install_definitions(server: ApiServer, folder: Path) -> None:
    """Teach the server every kind that is defined in `folder`, so that objects of them can be created.

    Raises
    ------
    RuntimeError : it refuses a definition.
    """
    for file in sorted(folder.glob("*.yaml")):
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        answer = server.request("POST", path, yaml.safe_load(file.read_text("utf-8")))
        if answer.status >= 400:
            raise RuntimeError(f"{file.name}: {answer.message}")


def try_values(server: ApiServer, values: Path) -> Trial:
    """Install, create the pods, upgrade with the same values, uninstall."""
    name = values.stem.removesuffix("-values")
    namespace = f"trial-{name}"
    make_namespace(server, namespace)
    installed = helm(server, "install", namespace, values)
    if installed.code:
        return Trial(name, 0, 0, installed.problems("install: "))
    manifests = list(_release_manifests(server, namespace))
    stored = {path: server.request("GET", path) for path in (object_path(one, namespace) for one in manifests)}
    problems = [problem for one in manifests for problem in _differences(one, stored[object_path(one, namespace)])]
    pods = list(_pods(server, namespace, manifests))
    for pod in pods:
        _bring_what_is_expected(server, namespace, pod["spec"])
        answer = create_pod(server, namespace, pod)
        problems += [f"pod {pod['metadata']['name']}: {answer.message}"] if answer.status >= 400 else []
    problems += helm(server, "upgrade", namespace, values).problems("upgrade: ")
    problems += _changed_by_upgrade(server, stored)
    problems += run("helm", "uninstall", RELEASE, "--namespace", namespace, environment=_environment(server)).problems()
    return Trial(name, len(manifests), len(pods), problems)


def make_namespace(server: ApiServer, name: str) -> None:
    """A namespace that enforces the restricted standard, with the account that a controller would make in it."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    metadata = {"name": name, "labels": {**levels, "pod-security.kubernetes.io/enforce-version": "latest"}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    for path, body in (
        ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        (f"/api/v1/namespaces/{name}/serviceaccounts", account),
    ):
        answer = server.request("POST", path, body)
        if answer.status >= 400:
            raise RuntimeError(f"namespace {name}: {answer.message}")


def _bring_what_is_expected(server: ApiServer, namespace: str, pod: Manifest) -> None:
    """Make the priority class and the service account that the values name and that somebody else has to make."""
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": -10}
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    for name, path, body in (
        (pod.get("priorityClassName"), "/apis/scheduling.k8s.io/v1/priorityclasses", priority),
        (pod.get("serviceAccountName"), f"/api/v1/namespaces/{namespace}/serviceaccounts", account),
    ):
        if name:  # that it exists already is no fault
            server.request("POST", path, {**body, "metadata": {"name": name}})


def helm(server: ApiServer, action: str, namespace: str, values: Path, *more: str) -> Outcome:
    """`helm install` or `helm upgrade` of the chart."""
    arguments = (action, RELEASE, PROJECT / CHART, "--namespace", namespace, "--values", values, *more)
    return run("helm", *arguments, environment=_environment(server))


def _environment(server: ApiServer) -> dict[str, str]:
    return {"KUBECONFIG": str(server.kubeconfig), "HELM_DRIVER": "secret", "HOME": os.environ.get("HOME", "/")}


def create_pod(server: ApiServer, namespace: str, pod: Manifest) -> Answer:
    """Create `pod`, with every unknown field refused."""
    return server.request("POST", f"/api/v1/namespaces/{namespace}/pods?fieldValidation=Strict", pod)


def _release_manifests(server: ApiServer, namespace: str) -> Iterator[Manifest]:
    got = run("helm", "get", "manifest", RELEASE, "--namespace", namespace, environment=_environment(server))
    yield from (document for document in yaml.safe_load_all(got.output) if document)


def _pods(server: ApiServer, namespace: str, manifests: list[Manifest]) -> Iterator[Manifest]:
    """The pods of daemon, scheduler and workers, as their controllers would make them, and the pod of `helm test`."""
    for one in manifests:
        if one["kind"] in _CONTROLLERS:
            yield pod_of(one)
    got = run("helm", "get", "hooks", RELEASE, "--namespace", namespace, environment=_environment(server))
    yield from (document for document in yaml.safe_load_all(got.output) if document)


def pod_of(controller: Manifest) -> Manifest:
    """The pod that the template of a Deployment or a DaemonSet stands for."""
    template = controller["spec"]["template"]
    metadata = {**template["metadata"], "name": f"{controller['metadata']['name']}-pod"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def object_path(manifest: Manifest, namespace: str) -> str:
    """Where the API has an object of the chart."""
    version = manifest["apiVersion"]
    root = "/api/v1" if version == _CORE else f"/apis/{version}"
    kind = manifest["kind"].lower()
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("s") else f"{kind}s"
    return f"{root}/namespaces/{namespace}/{plural}/{manifest['metadata']['name']}"


def _differences(sent: Manifest, got: Answer) -> Iterator[str]:
    """What of the manifest the server did not store."""
    place = f"{sent['kind']} {sent['metadata']['name']}"
    if got.status >= 400:
        yield f"{place}: {got.message}"
    else:
        yield from _lost(sent, got.body, place)


def _lost(sent: Any, got: Any, place: str) -> Iterator[str]:
    if isinstance(sent, dict) and isinstance(got, dict):
        for key, value in sent.items():
            if key in got:
                yield from _lost(value, got[key], f"{place}.{key}")
            elif value not in ("", None, [], {}, False):  # defaults are not stored
                yield f"{place}.{key}: not stored"
    elif isinstance(sent, list) and isinstance(got, list):
        for index, (one, other) in enumerate(zip(sent, got, strict=False)):
            yield from _lost(one, other, f"{place}[{index}]")


def _changed_by_upgrade(server: ApiServer, stored: dict[str, Answer]) -> Iterator[str]:
    """Objects whose specification an upgrade with the same values touched: the pod would restart for nothing."""
    for path, before in stored.items():
        after = server.request("GET", path)
        generations = [answer.body.get("metadata", {}).get("generation") for answer in (before, after)]
        if generations[0] != generations[1]:
            yield f"{path}: changed by an upgrade with the same values"
