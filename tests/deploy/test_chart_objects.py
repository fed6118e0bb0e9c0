"""What the chart makes of its values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.chart import CHART, Manifest, render
from deploy.checks.rules import RULES
from deploy.checks.tools import PROJECT
from playlista import __version__
from playlista.config import Settings, parse_config
from tests.deploy.conftest import skip_module_without

skip_module_without("helm")


def manifests(tmp_path: Path, values: dict[str, Any] | None = None) -> dict[str, Manifest]:
    """The objects of a release called "trial", by kind."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values or {}), "utf-8")
    return {manifest["kind"]: manifest for manifest in render(PROJECT, "--values", file)}


def pod(objects: dict[str, Manifest]) -> dict[str, Any]:
    """The pod's spec."""
    spec: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


def test_the_defaults_ask_for_the_memory_that_they_may_have_and_for_little_cpu(tmp_path: Path) -> None:
    resources = pod(manifests(tmp_path))["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}


def test_music_is_writable_only_when_asked_for(tmp_path: Path) -> None:
    spec = pod(manifests(tmp_path, {"persistence": {"music": {"writable": True}}}))
    (claim,) = (volume["persistentVolumeClaim"] for volume in spec["volumes"] if volume["name"] == "music")
    (mount,) = (mount for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "music")
    assert (claim["readOnly"], mount["readOnly"]) == (False, False)


def test_what_people_add_stands_beside_what_the_chart_makes(tmp_path: Path) -> None:
    values = yaml.safe_load((PROJECT / CHART / "ci/extras-values.yaml").read_text("utf-8"))
    spec = pod(manifests(tmp_path, {**values, "env": [{"name": "OLDER", "value": "1"}]}))
    (container,) = spec["containers"]
    assert [variable["name"] for variable in container["env"]] == ["OLDER", "TZ"]
    assert spec["volumes"][-2:] == values["extraVolumes"]
    assert container["volumeMounts"][-2:] == values["extraVolumeMounts"]


def test_an_init_container_cannot_loosen_the_security_context_and_has_resources(tmp_path: Path) -> None:
    values = yaml.safe_load((PROJECT / CHART / "ci/extras-values.yaml").read_text("utf-8"))
    spec = pod(manifests(tmp_path, values))
    plain, own = spec["initContainers"]
    assert plain["securityContext"] == spec["containers"][0]["securityContext"]
    assert plain["resources"] == spec["containers"][0]["resources"]
    assert own["securityContext"] == {**plain["securityContext"], "runAsUser": 1000}
    assert own["resources"] == {"limits": {"memory": "32Mi"}}


def test_a_route_leads_from_the_gateway_to_the_service(tmp_path: Path) -> None:
    values = yaml.safe_load((PROJECT / CHART / "ci/gateway-values.yaml").read_text("utf-8"))
    objects = manifests(tmp_path, {**values, "service": {"port": 8080}})
    spec = objects["HTTPRoute"]["spec"]
    assert spec["parentRefs"] == values["httpRoute"]["parentRefs"]
    assert spec["hostnames"] == ["playlista.home.example"]
    assert spec["rules"][0]["backendRefs"] == [{"name": objects["Service"]["metadata"]["name"], "port": 8080}]


def test_the_daemon_reads_the_settings_as_they_were_given(tmp_path: Path) -> None:
    settings = yaml.safe_load((PROJECT / CHART / "ci/every-setting-values.yaml").read_text("utf-8"))["settings"]
    written = manifests(tmp_path, {"settings": settings})["ConfigMap"]["data"]["playlista.conf"]
    rules = {name.upper(): field.metadata["rule"] for name, field in Settings.__dataclass_fields__.items()}
    read = {key: rules[key].parse(source.text) for key, source in parse_config(written, "conf").items()}
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in settings.items()}
    assert read == {key: rules[key].parse(text) for key, text in texts.items()}


def test_a_changed_setting_changes_the_pod_and_another_value_does_not(tmp_path: Path) -> None:
    def annotation(values: dict[str, Any]) -> str:
        deployment = manifests(tmp_path, values)["Deployment"]
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    plain = annotation({})
    assert annotation({"settings": {"WATCH_MODE": "polling"}}) != plain
    assert annotation({"terminationGracePeriodSeconds": 60}) == plain


def test_music_can_only_be_read_and_data_is_one_claim(tmp_path: Path) -> None:
    volumes = {volume["name"]: volume for volume in pod(manifests(tmp_path))["volumes"]}
    assert volumes["music"]["persistentVolumeClaim"] == {"claimName": "music", "readOnly": True}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "trial-playlista-data"}


def test_an_existing_data_claim_is_used_and_none_made(tmp_path: Path) -> None:
    objects = manifests(tmp_path, {"persistence": {"data": {"existingClaim": "library"}}})
    assert "PersistentVolumeClaim" not in objects
    assert {"claimName": "library"} in [volume.get("persistentVolumeClaim") for volume in pod(objects)["volumes"]]


def test_the_library_outlives_the_release_unless_told_otherwise(tmp_path: Path) -> None:
    def annotations(values: dict[str, Any]) -> Any:
        return manifests(tmp_path, values)["PersistentVolumeClaim"]["metadata"].get("annotations", {})

    assert annotations({}) == {"helm.sh/resource-policy": "keep"}
    assert annotations({"persistence": {"data": {"retain": False}}}) == {}


def test_the_image_is_named_by_variant_tag_or_digest(tmp_path: Path) -> None:
    def image(**values: str) -> str:
        return str(pod(manifests(tmp_path, {"image": values}))["containers"][0]["image"])

    digest = "sha256:" + "0" * 64
    published = "ghcr.io/playlista/playlista"
    assert image() == f"{published}:{__version__}-lean"
    assert image(variant="full", repository="home/playlista") == f"home/playlista:{__version__}-full"
    assert image(tag="edge", digest=digest) == f"{published}:edge@{digest}"


CHART_FILE: dict[str, Any] = yaml.safe_load((PROJECT / CHART / "Chart.yaml").read_text("utf-8"))

#: What bounds a series to the release "trial" in the namespace that `render` takes.
MATCHERS = 'namespace="media",pod=~"trial-playlista-[^-]+-[^-]+"'


def test_the_rules_arrive_as_they_are_tested_but_bounded_to_the_release(tmp_path: Path) -> None:
    rule = manifests(tmp_path, {"prometheusRule": {"enabled": True}})["PrometheusRule"]
    tested = yaml.safe_load((PROJECT / RULES).read_text("utf-8").replace('{job=~".*playlista.*"}', ""))
    for group in rule["spec"]["groups"]:
        for one in group["rules"]:
            one["expr"] = one["expr"].replace(f"{MATCHERS},", "").replace(f"{{{MATCHERS}}}", "")
    assert rule["spec"] == tested


def test_values_of_the_first_chart_are_rendered_as_helm_upgrade_reuse_values_keeps_them(tmp_path: Path) -> None:
    """Helm then leaves out the defaults of every value that is newer than the release."""
    newer = {"extraEnv", "extraVolumes", "extraVolumeMounts", "initContainers", "httpRoute"}
    values = {
        **dict.fromkeys(newer),
        "persistence": {"music": {"writable": None}},
        "prometheusRule": {"enabled": True, "runbookUrl": None},
        "env": [{"name": "TZ", "value": "UTC"}],
    }
    objects = manifests(tmp_path, values)
    assert objects["Deployment"] == manifests(tmp_path, {"env": values["env"]})["Deployment"]
    links = [rule["annotations"]["runbook_url"] for rule in objects["PrometheusRule"]["spec"]["groups"][1]["rules"]]
    assert {link.partition("#")[0] for link in links} == {f"{CHART_FILE['home']}/blob/main/docs/runbook.md"}


def test_every_selector_of_the_rules_is_bounded_to_the_release(tmp_path: Path) -> None:
    rule = manifests(tmp_path, {"prometheusRule": {"enabled": True}})["PrometheusRule"]
    expressions = [one["expr"] for group in rule["spec"]["groups"] for one in group["rules"]]
    series = re.compile(r"(?:(?:instance:)?\bplaylista_\w+(?::\w+)*|\bup\b|\bprocess_start_time_seconds\b)(.{0,80})")
    selectors = [after for expression in expressions for after in series.findall(expression)]
    assert len(selectors) > 20
    assert [after for after in selectors if not after.startswith(f"{{{MATCHERS}")] == []


def test_alerts_link_to_the_runbook_that_the_values_name(tmp_path: Path) -> None:
    values = {"prometheusRule": {"enabled": True, "runbookUrl": "https://wiki.home.example/playlista"}}
    groups = manifests(tmp_path, values)["PrometheusRule"]["spec"]["groups"]
    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in groups[1]["rules"]}
    assert links == {name: f"https://wiki.home.example/playlista#{name.lower()}" for name in links}


def test_alerts_can_be_left_out_and_labelled(tmp_path: Path) -> None:
    values = {"enabled": True, "disabledAlerts": ["PlaylistaDown"], "alertLabels": {"team": "home", "severity": "page"}}
    groups = manifests(tmp_path, {"prometheusRule": values})["PrometheusRule"]["spec"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    assert "PlaylistaDown" not in {rule["alert"] for rule in alerts}
    assert {tuple(sorted(rule["labels"].items())) for rule in alerts} == {(("severity", "page"), ("team", "home"))}
    assert not any("labels" in rule for rule in rules if "record" in rule)


def test_the_dashboard_arrives_for_the_sidecar(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("dashboard: {enabled: true}", "utf-8")
    (shown,) = render(PROJECT, "--values", file, "--show-only", "templates/dashboard.yaml")
    assert shown["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(shown["data"]["playlista.json"])["uid"] == "playlista"


def test_the_network_policy_lets_one_port_in_and_nothing_out(tmp_path: Path) -> None:
    spec = manifests(tmp_path)["NetworkPolicy"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec, "a policy type without rules allows nothing; an empty list is not stored"
    assert spec["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]


def test_helm_test_still_gets_in_when_only_prometheus_may(tmp_path: Path) -> None:
    prometheus = {"podSelector": {"matchLabels": {"app": "prometheus"}}}
    objects = manifests(tmp_path, {"networkPolicy": {"from": [prometheus]}})
    allowed = objects["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert allowed[0] == prometheus
    assert allowed[1]["podSelector"]["matchLabels"].items() <= objects["Pod"]["metadata"]["labels"].items()


def test_the_service_and_the_monitors_select_the_daemon_and_not_the_test(tmp_path: Path) -> None:
    for monitor in ("serviceMonitor", "podMonitor"):
        objects = manifests(tmp_path, {monitor: {"enabled": True}})
        labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
        assert objects["Service"]["spec"]["selector"].items() <= labels
        assert not objects["Service"]["spec"]["selector"].items() <= objects["Pod"]["metadata"]["labels"].items()
        kind = monitor[0].upper() + monitor[1:]
        selected = objects["Service"]["metadata"]["labels"].items() if kind == "ServiceMonitor" else labels
        assert objects[kind]["spec"]["selector"]["matchLabels"].items() <= selected
        # The job's name, which the alerts on `up` go by.
        assert objects["Service"]["metadata"]["labels"][objects[kind]["spec"]["jobLabel"]] == "playlista"


def test_the_longest_release_name_makes_names_that_are_valid_and_differ(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("dashboard: {enabled: true}", "utf-8")
    objects = render(PROJECT, "--values", file, release="a" * 53)
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in objects]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for _, name in names)
