"""The Helm chart, rendered with every file of values in ``helm/playlista/ci``: lint, Kubernetes' schemas, promises."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from deploy.checks import pod_security
from deploy.checks.tools import TOOLS, ToolMissing, run
from playlista.memory.advice import LEAST_MIB

CHART = Path("helm/playlista")
LEAST_VALUE_SETS = 12
OLDEST_KUBERNETES = 25

#: Kinds that Kubernetes itself does not know; their definitions come with the projects that do (deploy/tools.sh).
FOREIGN_GROUPS = ("monitoring.coreos.com", "gateway.networking.k8s.io")
FOREIGN_KINDS = frozenset({"ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute"})

#: Bytes of the suffixes of a quantity of memory.
SUFFIXES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

Manifest = dict[str, Any]


class RenderError(Exception):
    """Helm refused to render; the text is what it said."""


def value_sets(root: Path) -> list[Path]:
    """The files of values that the chart is tried with."""
    return sorted((root / CHART / "ci").glob("*-values.yaml"))


def render(root: Path, *arguments: str | Path, release: str = "trial") -> list[Manifest]:
    """What Helm would send to Kubernetes.

    Raises
    ------
    RenderError : schema, template or values refuse.
    """
    outcome = run("helm", "template", release, root / CHART, "--namespace", "media", *arguments)
    if outcome.code:
        raise RenderError(outcome.output.strip())
    return [document for document in yaml.safe_load_all(outcome.output) if document]


def rendered(root: Path) -> Iterator[tuple[str, Manifest]]:
    """Every object of every set of values, with the name of the set."""
    for values in value_sets(root):
        for manifest in render(root, "--values", values):
            yield values.stem.removesuffix("-values"), manifest


def lint(root: Path) -> list[str]:
    """`helm lint --strict` accepts the chart with every set of values, and there are enough of them."""
    sets = value_sets(root)
    problems = (
        [] if len(sets) >= LEAST_VALUE_SETS else [f"{CHART}/ci: {len(sets)} files, fewer than {LEAST_VALUE_SETS}"]
    )
    for values in sets:
        outcome = run("helm", "lint", "--strict", root / CHART, "--values", values)
        problems += outcome.problems(f"{values.name}: ")
    return problems


def kubernetes_versions() -> list[str]:
    """Every minor version from 1.25 to the newest that has schemas here."""
    newest = int(kubernetes_validate.latest_version().split(".")[1])
    return [f"1.{minor}" for minor in range(OLDEST_KUBERNETES, newest + 1)]


def valid(root: Path) -> list[str]:
    """Every object is valid, without an unknown field, in every version of Kubernetes."""
    distinct: dict[str, tuple[str, Manifest]] = {}
    try:
        for values, manifest in rendered(root):
            if not manifest["apiVersion"].startswith(FOREIGN_GROUPS):
                distinct.setdefault(json.dumps(manifest, sort_keys=True), (values, manifest))
    except RenderError as error:
        return [str(error)]
    return [
        problem
        for values, manifest in distinct.values()
        for version in kubernetes_versions()
        for problem in _invalid(values, manifest, version)
    ]


def _invalid(values: str, manifest: Manifest, version: str) -> Iterator[str]:
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(map(str, error.path))
        yield f"{values}: {manifest['kind']} in Kubernetes {version}: {place}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        yield f"{values}: {error.message}"


def operator_objects(root: Path) -> list[str]:
    """Objects for the Prometheus operator and for a Gateway are valid by their definitions, no field unknown."""
    if not (TOOLS / "crds/httproutes.yaml").is_file():
        raise ToolMissing("the schemas of the operator and of the Gateway API are not here; run sh deploy/tools.sh")
    found: set[str] = set()
    problems = []
    for values, manifest in rendered(root):
        if manifest["apiVersion"].startswith(FOREIGN_GROUPS):
            found.add(manifest["kind"])
            validator = jsonschema.Draft7Validator(_definition(manifest["kind"], manifest["apiVersion"]))
            problems += [f"{values}: {manifest['kind']}: {error.message}" for error in validator.iter_errors(manifest)]
    return problems + [f"no set of values renders a {kind}" for kind in sorted(FOREIGN_KINDS - found)]


def _definition(kind: str, api_version: str) -> Any:
    definition = yaml.safe_load((TOOLS / "crds" / f"{kind.lower()}s.yaml").read_text("utf-8"))
    versions = {version["name"]: version for version in definition["spec"]["versions"]}
    return _closed(versions[api_version.rpartition("/")[2]]["schema"]["openAPIV3Schema"])


def _closed(schema: Any) -> Any:
    """`schema` without unknown properties, except in metadata, which it leaves to Kubernetes."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and schema.get("properties"):
        closed.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed


def packaged(root: Path) -> list[str]:
    """`helm package` ships what the templates read, and nothing of ours that they do not."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run("helm", "package", root / CHART, "--destination", folder)
        if outcome.code:
            return outcome.problems()
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            names = {name.removeprefix("playlista/") for name in archive.getnames()}
    needed = {"values.schema.json", "README.md", "files/playlista.json", "files/playlista.rules.yml"}
    return [f"the package lacks {name}" for name in sorted(needed - names)] + [
        f"the package ships {name}" for name in sorted(names) if name.startswith("ci/")
    ]


def promises(root: Path) -> list[str]:
    """With every set of values: the restricted Pod Security Standard, one writer, music read-only, checksum."""
    try:
        return [
            f"{values.stem.removesuffix('-values')}: {manifest['kind']}: {broken}"
            for values in value_sets(root)
            for manifest in render(root, "--values", values)
            for broken in _broken(manifest, may_write=_may_write(values))
        ]
    except RenderError as error:
        return [str(error)]


def _may_write(values: Path) -> bool:
    """Whether this file of values asks for music that can be written."""
    music = yaml.safe_load(values.read_text("utf-8")).get("persistence", {}).get("music", {})
    return bool(music.get("writable"))


def _broken(manifest: Manifest, *, may_write: bool) -> Iterator[str]:
    if manifest["kind"] == "Pod":
        yield from pod_security.violations(manifest["spec"])
    if manifest["kind"] in {"Deployment", "DaemonSet"}:
        spec, member = manifest["spec"], manifest["metadata"]["labels"]["app.kubernetes.io/component"]
        yield from pod_security.violations(spec["template"]["spec"])
        yield from _broken_member(spec, may_write=may_write and member == "daemon")
        if member in {"daemon", "scheduler"}:
            yield from _broken_single(spec)
        if member in {"daemon", "worker"}:
            yield from _broken_probes(spec["template"]["spec"]["containers"][0])


def _broken_single(spec: dict[str, Any]) -> Iterator[str]:
    """One writer of the library, and one scheduler."""
    if spec["strategy"] != {"type": "Recreate"}:
        yield "strategy is not Recreate"
    if spec["replicas"] not in {0, 1}:
        yield "more than one replica"


def _broken_member(spec: dict[str, Any], *, may_write: bool) -> Iterator[str]:
    if "checksum/config" not in spec["template"]["metadata"].get("annotations", {}):
        yield "a changed setting restarts nothing"
    (container,) = spec["template"]["spec"]["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    if not (mounts.get("/music", {"readOnly": True}).get("readOnly") or may_write):
        yield "/music can be written"
    yield from _broken_resources(container["resources"])


def _broken_probes(container: dict[str, Any]) -> Iterator[str]:
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        if container.get(probe, {}).get("httpGet") != {"path": path, "port": "http"}:
            yield f"{probe} does not ask {path}"


def _broken_resources(resources: dict[str, Any]) -> Iterator[str]:
    request, limit = (memory_bytes(resources.get(kind, {}).get("memory", "0")) for kind in ("requests", "limits"))
    if request != limit:
        yield "the memory asked for is not the memory allowed"
    if limit < LEAST_MIB * 2**20:
        yield f"may have less memory than {LEAST_MIB} MiB"


def memory_bytes(quantity: str) -> int:
    """Bytes of a quantity as Kubernetes writes it: ``256Mi``."""
    number = quantity.rstrip("kKMGTi")
    return int(float(number) * SUFFIXES[quantity.removeprefix(number)])
