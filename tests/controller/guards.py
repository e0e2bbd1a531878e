"""Guards to test with."""

import copy
from typing import Any

FULL: dict[str, Any] = {
    "apiVersion": "daytwo.dev/v1alpha1",
    "kind": "DriftGuard",
    "metadata": {"name": "shop", "namespace": "shop"},
    "spec": {
        "source": {"helm": {"release": "web", "onFailed": "deployed"}},
        "mode": "remediate",
        "scope": "exact",
        "serviceAccountName": "shop-drift",
        "kubeConfig": {"secretRef": {"name": "other-cluster"}},
        "rules": [{"kinds": ["Deployment"], "strategy": "revert", "settings": {"anything": {"nested": [1, "two"]}}}],
        "ignore": [{"paths": ["/spec/replicas"], "reason": "scaled by hand", "expires": "2030-01-01"}],
        "windows": [{"days": ["mon", "fri"], "start": "22:00", "end": "06:00", "disruptiveOnly": True}],
        "limits": {"perMinute": 30, "maxShare": 0.3},
        "prometheus": {"url": "http://prometheus.monitoring:9090", "onlyFiring": False},
        "pods": [{"selector": "job=backup"}],
        "lock": {"namespace": "shop"},
        "people": {"human": ["portal-.*"]},
        "audit": {"schedule": "0 6 * * mon-fri", "timezone": "Europe/Berlin"},
    },
}
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"mode": "repair"}, "spec.mode"),
    ({"sauce": {}}, "spec.sauce"),
    ({"source": {}}, "spec.source"),
    ({"source": {"helm": {"release": "web"}, "chart": {"path": "/charts/web"}}}, "spec.source"),
    ({"source": {"helm": {"release": "web", "all": True}}}, "spec.source.helm"),
    ({"source": {"helm": {"all": False}}}, "spec.source.helm.all"),
    ({"source": {"helm": {"release": "We b"}}}, "spec.source.helm.release"),
    ({"source": {"manifests": {}}}, "spec.source.manifests"),
    ({"source": {"manifests": {"inline": [], "configMapRef": {"name": "a"}}}}, "spec.source.manifests"),
    ({"serviceAccountName": ""}, "spec.serviceAccountName"),
    ({"rules": [{"strategy": "revert", "changes": ["deleted"]}]}, "spec.rules[0].changes[0]"),
    ({"rules": [{"kinds": ["Pod"]}]}, "spec.rules[0].strategy"),
    ({"rules": [{"strategy": "revert", "paths": ["spec"]}]}, "spec.rules[0].paths[0]"),
    ({"ignore": [{"reason": "all of it"}]}, "spec.ignore[0]"),
    ({"ignore": [{"kinds": [], "reason": "all of it"}]}, "spec.ignore[0]"),
    ({"ignore": [{"kinds": ["Pod"], "expires": "soon"}]}, "spec.ignore[0].expires"),
    ({"windows": [{"days": ["monday"]}]}, "spec.windows[0].days[0]"),
    ({"windows": [{"start": "25:00"}]}, "spec.windows[0].start"),
    ({"limits": {"maxShare": 3}}, "spec.limits.maxShare"),
    ({"limits": {"per_minute": 3}}, "spec.limits.per_minute"),
    ({"prometheus": {"url": "prometheus:9090"}}, "spec.prometheus.url"),
    ({"lock": {"ttl": 0}}, "spec.lock.ttl"),
    ({"audit": {"schedule": "every day"}}, "spec.audit.schedule"),
    ({"audit": {}}, "spec.audit.schedule"),
    ({"kubeConfig": {}}, "spec.kubeConfig.secretRef"),
)


def guard(name: str = "shop", namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    """A guard of one release, with what is given beside it."""
    body: dict[str, Any] = copy.deepcopy(FULL)
    body["metadata"] = {"name": name, "namespace": namespace}
    body["spec"] = {"source": {"helm": {"release": "web"}}, **spec}
    return body


def cluster_guard(name: str = "all", **spec: Any) -> dict[str, Any]:
    """A guard of every release, with what is given beside it."""
    body = guard(name, **{"source": {"helm": {"all": True}}, **spec})
    del body["metadata"]["namespace"]
    return {**body, "kind": "ClusterDriftGuard"}
