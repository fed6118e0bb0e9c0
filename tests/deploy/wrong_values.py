"""For every key of the chart's values, values that ``values.schema.json`` has to refuse.

Places are dotted; ``[]`` is an entry of a list, ``*`` a key of a map. What is refused is said here by hand, from what
Kubernetes, Prometheus and the daemon take, and not read from the schema.
"""

from __future__ import annotations

from typing import Any

from deploy.checks.pod_security import ALLOWED_VOLUMES

_NO_BOOLEAN: list[Any] = ["yes", 1]
_NO_LABELS: list[Any] = ["a=b", {"-a": "b"}, {"a": 1}, {"a": "not a label"}, {"a": "b" * 64}]
_NO_ANNOTATIONS: list[Any] = ["a=b", {"-a": "b"}, {"a": 1}]
_NO_NAME: list[Any] = ["Upper", "-begins", "ends-", "under_score", 5]
_NO_DURATION: list[Any] = ["30", 30, "half a minute", ""]
_NO_QUANTITY: list[Any] = ["384MB", "lots", 384, "-1Gi", ""]
_NO_CPU: list[Any] = ["1Gi", 1, "-1", "one"]
_NO_VOLUME: list[Any] = [
    "a", {"name": "a"}, {"name": "a", "hostPath": {"path": "/"}}, {"name": "a", "emptyDir": {}, "secret": {}},
]  # fmt: skip
_NO_ID: list[Any] = [0, -1, 4294967295, "1000", 1.5]
_NO_LIST_OF_TEXTS: list[Any] = ["a", [1]]
_NO_SUBPATH: list[Any] = ["/absolute", "../up", "a/../b", 5]
_NO_OBJECT: list[Any] = ["a", [1]]


def _number(low: float, high: float) -> list[Any]:
    return [low - 0.05, high + 1, str(high)]


def _integer(low: int, high: int) -> list[Any]:
    return [low - 1, high + 1, low + 0.5, str(low)]


def _cluster_resources(place: str) -> dict[str, list[Any]]:
    return {
        f"{place}.resources": _NO_OBJECT,
        f"{place}.resources.requests": _NO_OBJECT,
        f"{place}.resources.requests.cpu": _NO_CPU,
        f"{place}.resources.requests.memory": _NO_QUANTITY,
        f"{place}.resources.limits": _NO_OBJECT,
        f"{place}.resources.limits.memory": _NO_QUANTITY,
    }


def _monitor(place: str) -> dict[str, list[Any]]:
    relabeling = {
        "action": [5],
        "sourceLabels": _NO_LIST_OF_TEXTS,
        "separator": [5],
        "targetLabel": [5],
        "regex": [5],
        "modulus": [0, "8"],
        "replacement": [5],
    }
    return {
        place: _NO_OBJECT,
        f"{place}.enabled": _NO_BOOLEAN,
        f"{place}.interval": _NO_DURATION,
        f"{place}.scrapeTimeout": _NO_DURATION,
        f"{place}.labels": _NO_LABELS,
        **{
            f"{place}.{kind}{key}": wrong
            for kind in ("relabelings", "metricRelabelings")
            for key, wrong in {
                "": ["drop", ["drop"]],
                "[]": ["drop"],
                **{f"[].{name}": values for name, values in relabeling.items()},
            }.items()
        },
    }


def _env(place: str) -> dict[str, list[Any]]:
    return {
        place: ["A=b", ["A=b"]],
        f"{place}[]": ["A=b", {"value": "b"}],
        f"{place}[].name": ["1A", "A-B", "", 5],
        f"{place}[].value": [5, True],
        f"{place}[].valueFrom": ["secret"],
    }


def _mounts(place: str) -> dict[str, list[Any]]:
    return {
        place: ["/a", {"mountPath": "/a"}],
        f"{place}[]": ["/a", {"name": "a"}, {"mountPath": "/a"}],
        f"{place}[].name": ["Upper", "", 5],
        f"{place}[].mountPath": ["relative", "", "/", 5],
        f"{place}[].subPath": _NO_SUBPATH,
        f"{place}[].readOnly": _NO_BOOLEAN,
    }


def _probe(place: str) -> dict[str, list[Any]]:
    return {
        place: _NO_OBJECT,
        f"{place}.periodSeconds": _integer(1, 3600),
        f"{place}.timeoutSeconds": _integer(1, 300),
        f"{place}.failureThreshold": _integer(1, 1000),
    }


_SETTINGS: dict[str, list[Any]] = {
    "LISTEN_ADDRESS": ["127.0.0.1:9345", "0.0.0.0:80", 9345],
    "METRICS_WITHOUT_TOKEN": _NO_BOOLEAN,
    "ALLOWED_HOSTS": [5, ["nas"]],
    "TRUSTED_PROXIES": [5, ["::1"]],
    "URL_PREFIX": [5, ["/playlista"]],
    "SERVE_AUDIO": _NO_BOOLEAN,
    "AUDIOMUSE_API": _NO_BOOLEAN,
    "MEDIA_SERVER": ["plex", True],
    "MEDIA_SERVER_URL": ["navidrome:4533", 4533],
    "MEDIA_SERVER_USER": [5, ["playlista"]],
    "LOG_LEVEL": ["trace", 1],
    "LOG_FORMAT": ["text", 1],
    "WATCH_MODE": ["fanotify", True],
    "ON_SETTINGS_CHANGE": ["forget", True],
    "WATCH_SETTLE_SECONDS": _number(0, 3600),
    "WATCH_RESCAN_INTERVAL_SECONDS": _number(1, 604800),
    "WATCH_IGNORE": [5, ["*.m4b"]],
    "RETENTION_DAYS": _number(0, 36500),
    "FOLLOW_SYMLINKS": _NO_BOOLEAN,
    "SCRUB_INTERVAL_DAYS": _number(0, 36500),
    "SCRUB_RATE_MB_PER_SECOND": _number(0.01, 10000),
    "TEMPO_RANGE": ["fast", 120],
    "WORKERS": _integer(1, 256),
    "DASK_SCHEDULER": ["scheduler:8786", "http://scheduler:8786", 5],
    "CLUSTER_TLS_DIR": [5, ["/certificates"]],
    "CLUSTER_INSECURE": _NO_BOOLEAN,
    "CLUSTER_LOCAL_TOO": _NO_BOOLEAN,
    "CLUSTER_GRACE_SECONDS": _number(0, 86400),
    "PLAYLIST_DIR": [5, ["/playlists"]],
    "PLAYLIST_PATH": [5, ["/music"]],
    "TAG_WRITE": ["tempo", "bpm;key", 5, ["bpm"]],
    "TAG_OVERWRITE": ["none", True],
    "TAG_KEY_NOTATION": ["german", 1],
    "TAG_KEY_NAMES": ["TKEY", 1],
    "MUSICNN_RUNTIME": ["torch", False],
    "MUSICNN_PATCH_HOP_FRAMES": _integer(1, 187),
    "MOOD_MODEL": ["spotify", False],
    "MUSICNN_BATCH_SIZE": _integer(1, 64),
    "NATIVE_KERNELS": ["on", False],
    "TRACK_TIMEOUT_SECONDS": _number(1, 604800),
    "MAX_ATTEMPTS": _integer(1, 100),
    "RETRY_BACKOFF_SECONDS": _number(0, 86400),
    "MEMORY_OPTIMIZATION_ENABLED": _NO_BOOLEAN,
    "MEMORY_OPTIMIZED_SAMPLE_RATE": _integer(8000, 48000),
    "MEMORY_OPTIMIZED_BIT_DEPTH": [8, 24, "16"],
    "MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": _number(0.1, 60),
    "MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT": _number(0.1, 100),
    "MEMORY_OPTIMIZED_MAX_MB_PER_TRACK": _number(0.1, 1048576),
    "MEMORY_OPTIMIZED_MIN_FILE_MB": _number(0, 1048576),
    "MEMORY_REDUCE_SAMPLE_RATE": _NO_BOOLEAN,
    "MEMORY_USE_FLOAT16": _NO_BOOLEAN,
    "MEMORY_STREAMING_ENABLED": _NO_BOOLEAN,
    "MEMORY_MAPPING_ENABLED": _NO_BOOLEAN,
    "MEMORY_MAPPING_MIN_MB": _number(0, 1048576),
    "MEMORY_FORCE_CLEANUP": _NO_BOOLEAN,
    "MEMORY_MONITORING_ENABLED": _NO_BOOLEAN,
    "TF_GPU_THREAD_MODE": ["", "two words", 1],
    "TF_ENABLE_ONEDNN_OPTS": [2, "1", True],
    "TF_CPP_MIN_LOG_LEVEL": _integer(0, 3),
    "CUDA_VISIBLE_DEVICES": ["all", -1, ""],
}

WRONG: dict[str, list[Any]] = {
    "replicas": [2, -1, "1", 0.5],
    "nameOverride": [*_NO_NAME, "a" * 64],
    "fullnameOverride": [*_NO_NAME, "a" * 54],
    "commonLabels": _NO_LABELS,
    "global": _NO_OBJECT,
    "image": _NO_OBJECT,
    "image.repository": ["", "UPPER/case", "ends/", "has space", 5],
    "image.variant": ["slim", ""],
    "image.tag": ["-begins", "a b", 1.0, "a" * 129],
    "image.digest": ["sha256:short", "md5:0123", 5],
    "image.pullPolicy": ["Sometimes", True],
    "imagePullSecrets": ["login", ["login"]],
    "imagePullSecrets[]": ["login", {}],
    "imagePullSecrets[].name": [*_NO_NAME, ""],
    "settings": _NO_OBJECT,
    **{f"settings.{key}": wrong for key, wrong in _SETTINGS.items()},
    **_env("env"),
    **_env("extraEnv"),
    "extraVolumes": ["a", {"name": "a"}],
    "extraVolumes[]": _NO_VOLUME,
    "extraVolumes[].name": ["Upper", "dot.ted", "", 5],
    **{f"extraVolumes[].{kind}": ["a"] for kind in sorted(ALLOWED_VOLUMES)},
    **_mounts("extraVolumeMounts"),
    "initContainers": ["a", {"name": "a"}],
    "initContainers[]": ["a", {"name": "a"}, {"image": "a"}],
    "initContainers[].name": ["Upper", "", 5],
    "initContainers[].image": ["", 5],
    "initContainers[].imagePullPolicy": ["Sometimes", True],
    "initContainers[].command": _NO_LIST_OF_TEXTS,
    "initContainers[].args": _NO_LIST_OF_TEXTS,
    "initContainers[].workingDir": [5],
    **_env("initContainers[].env"),
    "initContainers[].envFrom": ["secret", ["secret"]],
    "initContainers[].envFrom[]": ["secret"],
    **_mounts("initContainers[].volumeMounts"),
    "initContainers[].restartPolicy": ["Never", True],
    "initContainers[].resources": _NO_OBJECT,
    "initContainers[].securityContext": _NO_OBJECT,
    "persistence": _NO_OBJECT,
    "persistence.music": [*_NO_OBJECT, {"existingClaim": None}],
    "persistence.music.existingClaim": [*_NO_NAME, ""],
    "persistence.music.subPath": _NO_SUBPATH,
    "persistence.music.writable": _NO_BOOLEAN,
    "persistence.data": _NO_OBJECT,
    "persistence.data.existingClaim": _NO_NAME,
    "persistence.data.subPath": _NO_SUBPATH,
    "persistence.data.size": _NO_QUANTITY,
    "persistence.data.storageClass": _NO_NAME,
    "persistence.data.annotations": _NO_ANNOTATIONS,
    "persistence.data.retain": _NO_BOOLEAN,
    "persistence.tmp": _NO_OBJECT,
    "persistence.tmp.sizeLimit": _NO_QUANTITY,
    "resources": _NO_OBJECT,
    "resources.requests": _NO_OBJECT,
    "resources.requests.cpu": _NO_CPU,
    "resources.requests.memory": _NO_QUANTITY[:-1],  # empty: none
    "resources.limits": _NO_OBJECT,
    "resources.limits.cpu": _NO_CPU,
    "resources.limits.memory": _NO_QUANTITY[:-1],
    "securityContext": _NO_OBJECT,
    "securityContext.runAsUser": _NO_ID,
    "securityContext.runAsGroup": _NO_ID,
    "securityContext.fsGroup": _NO_ID,
    "securityContext.fsGroupChangePolicy": ["Never", True],
    "securityContext.supplementalGroups": ["100", 100],
    "securityContext.supplementalGroups[]": _NO_ID,
    "serviceAccount": _NO_OBJECT,
    "serviceAccount.create": _NO_BOOLEAN,
    "serviceAccount.name": _NO_NAME,
    "serviceAccount.annotations": _NO_ANNOTATIONS,
    "service": _NO_OBJECT,
    "service.type": ["ExternalName", ""],
    "service.port": _integer(1, 65535),
    "service.nodePort": _integer(1, 65535),
    "service.annotations": _NO_ANNOTATIONS,
    "ingress": [*_NO_OBJECT, {"enabled": True}],
    "ingress.enabled": _NO_BOOLEAN,
    "ingress.className": _NO_NAME,
    "ingress.annotations": _NO_ANNOTATIONS,
    "ingress.hosts": ["a.example"],
    "ingress.hosts[]": ["http://a.example", "a.example/path", "", 5],
    "ingress.tls": ["secret"],
    "ingress.tls[]": ["secret"],
    "ingress.tls[].secretName": [*_NO_NAME, ""],
    "ingress.tls[].hosts": ["a.example"],
    "ingress.tls[].hosts[]": ["http://a.example", 5],
    "httpRoute": [*_NO_OBJECT, {"enabled": True}],
    "httpRoute.enabled": _NO_BOOLEAN,
    "httpRoute.annotations": _NO_ANNOTATIONS,
    "httpRoute.parentRefs": ["home", {"name": "home"}],
    "httpRoute.parentRefs[]": ["home", {"namespace": "gateways"}],
    "httpRoute.parentRefs[].group": [5],
    "httpRoute.parentRefs[].kind": [5],
    "httpRoute.parentRefs[].name": [*_NO_NAME, ""],
    "httpRoute.parentRefs[].namespace": ["Upper", "", 5],
    "httpRoute.parentRefs[].sectionName": [*_NO_NAME, ""],
    "httpRoute.parentRefs[].port": _integer(1, 65535),
    "httpRoute.hostnames": ["a.example"],
    "httpRoute.hostnames[]": ["http://a.example", "a.example/path", "", 5],
    "networkPolicy": _NO_OBJECT,
    "networkPolicy.enabled": _NO_BOOLEAN,
    "networkPolicy.from": ["all", {}],
    "networkPolicy.from[]": ["all", {}],
    "networkPolicy.from[].podSelector": ["all"],
    "networkPolicy.from[].namespaceSelector": ["all"],
    "networkPolicy.from[].ipBlock": ["10.0.0.0/8", {"except": []}],
    "networkPolicy.from[].ipBlock.cidr": ["10.0.0.0", "host/8", 5],
    "networkPolicy.from[].ipBlock.except": ["10.0.0.0/8"],
    "networkPolicy.from[].ipBlock.except[]": ["10.0.0.0", 5],
    "cluster": _NO_OBJECT,
    "cluster.enabled": _NO_BOOLEAN,
    "cluster.tlsSecret": [*_NO_NAME, ""],
    "cluster.localToo": _NO_BOOLEAN,
    "cluster.scheduler": _NO_OBJECT,
    **_cluster_resources("cluster.scheduler"),
    "cluster.worker": _NO_OBJECT,
    "cluster.worker.kind": ["Job", True],
    "cluster.worker.replicas": _integer(0, 10000),
    "cluster.worker.graceSeconds": _integer(0, 86400),
    **_cluster_resources("cluster.worker"),
    "cluster.worker.nodeSelector": _NO_LABELS,
    "cluster.worker.maxUnavailable": _integer(1, 10000),
    "cluster.worker.autoscaling": _NO_OBJECT,
    "cluster.worker.autoscaling.enabled": _NO_BOOLEAN,
    "cluster.worker.autoscaling.minReplicas": _integer(1, 10000),
    "cluster.worker.autoscaling.maxReplicas": _integer(1, 10000),
    "cluster.worker.autoscaling.tracksPerWorker": _integer(1, 1000000),
    "probes": _NO_OBJECT,
    **_probe("probes.startup"),
    **_probe("probes.liveness"),
    **_probe("probes.readiness"),
    "terminationGracePeriodSeconds": _integer(5, 3600),
    "revisionHistoryLimit": _integer(0, 100),
    "podAnnotations": _NO_ANNOTATIONS,
    "podLabels": _NO_LABELS,
    "nodeSelector": _NO_LABELS,
    "tolerations": ["all"],
    "tolerations[]": ["all"],
    "tolerations[].key": [5],
    "tolerations[].operator": ["In", True],
    "tolerations[].value": [5],
    "tolerations[].effect": ["Never", True],
    "tolerations[].tolerationSeconds": [-1, "5", 0.5],
    "affinity": _NO_OBJECT,
    "affinity.nodeAffinity": ["all"],
    "affinity.podAffinity": ["all"],
    "affinity.podAntiAffinity": ["all"],
    "priorityClassName": _NO_NAME,
    **_monitor("serviceMonitor"),
    **_monitor("podMonitor"),
    "prometheusRule": _NO_OBJECT,
    "prometheusRule.enabled": _NO_BOOLEAN,
    "prometheusRule.labels": _NO_LABELS,
    "prometheusRule.disabledAlerts": ["PlaylistaDown", ["PlaylistaDown", "PlaylistaDown"]],
    "prometheusRule.disabledAlerts[]": ["PlaylistaUp", 5],
    "prometheusRule.alertLabels": _NO_LABELS,
    "prometheusRule.runbookUrl": ["docs/runbook.md", "https://a.example/#b", 5],
    "dashboard": _NO_OBJECT,
    "dashboard.enabled": _NO_BOOLEAN,
    "dashboard.labels": _NO_LABELS,
    "dashboard.annotations": _NO_ANNOTATIONS,
}
