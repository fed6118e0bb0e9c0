"""What `make test-kubernetes` decides itself: where objects are, what was not stored, which pods must be refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from deploy.checks import pod_security
from deploy.cluster import __main__ as cluster
from deploy.cluster.guards import BROKEN
from deploy.cluster.server import Answer
from deploy.cluster.trial import _differences, object_path, pod_of
from deploy.generate import bounded

#: A Deployment that keeps the restricted standard, as the chart's does.
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "trial-playlista"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "playlista"}},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "playlista",
                        "resources": {"requests": {"memory": "256Mi"}, "limits": {"memory": "256Mi"}},
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    }
                ],
                "volumes": [],
            },
        }
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "kind", "path"),
    [
        ("v1", "ConfigMap", "/api/v1/namespaces/media/configmaps/a"),
        ("v1", "PersistentVolumeClaim", "/api/v1/namespaces/media/persistentvolumeclaims/a"),
        ("networking.k8s.io/v1", "Ingress", "/apis/networking.k8s.io/v1/namespaces/media/ingresses/a"),
        ("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/media/networkpolicies/a"),
        (
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "/apis/gateway.networking.k8s.io/v1/namespaces/media/httproutes/a",
        ),
    ],
)
def test_an_object_is_asked_for_where_the_api_has_it(version: str, kind: str, path: str) -> None:
    assert object_path({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}}, "media") == path


def test_a_field_that_the_server_dropped_is_named_and_a_default_is_not() -> None:
    sent = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 1, "colour": "red"}], "x": ""}}
    got = {
        "kind": "Service",
        "metadata": {"name": "a", "uid": "1"},
        "spec": {"ports": [{"port": 1}], "type": "ClusterIP"},
    }
    assert list(_differences(sent, Answer(200, got))) == ["Service a.spec.ports[0].colour: not stored"]
    assert list(_differences(sent, Answer(404, {"message": "no such service"}))) == ["Service a: no such service"]


def test_the_pod_that_is_broken_keeps_the_standard_before() -> None:
    assert list(pod_security.violations(pod_of(DEPLOYMENT)["spec"])) == []


@pytest.mark.parametrize(
    "name", [name for name in BROKEN if name not in {"an unknown field", "more memory asked for than allowed"}]
)
def test_every_broken_pod_breaks_the_standard_by_our_own_reading(name: str) -> None:
    pod = copy.deepcopy(pod_of(DEPLOYMENT))
    BROKEN[name](pod)
    assert list(pod_security.violations(pod["spec"])) != []


def test_a_missing_api_server_is_said_and_fails_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(cluster, "PROGRAMS", tmp_path)
    monkeypatch.setattr(cluster, "locate", lambda tool: tool)
    monkeypatch.delenv("CI", raising=False)
    assert cluster.main([]) == 0
    assert "skip  Kubernetes: kube-apiserver is not built" in capsys.readouterr().out
    monkeypatch.setenv("CI", "1")
    assert cluster.main([]) == 1


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("playlista_x > 0", "playlista_x{__release__} > 0"),
        ('rate(playlista_x_total{a="b"}[5m])', 'rate(playlista_x_total{__release__,a="b"}[5m])'),
        ("instance:playlista_x:ratio1h > 0.1", "instance:playlista_x:ratio1h{__release__} > 0.1"),
        ('up{job=~".*playlista.*"} == 0', "up{__release__} == 0"),
        ("sum without (result) (playlista_x offset 5m)", "sum without (result) (playlista_x{__release__} offset 5m)"),
    ],
)
def test_every_selector_of_an_expression_is_bounded(expression: str, wanted: str) -> None:
    assert bounded(expression) == wanted
