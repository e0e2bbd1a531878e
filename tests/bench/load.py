"""What the bench guards: ConfigMaps, Services and Deployments of an ordinary size, as manifests and as a chart."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.wire import KINDS, Body, Wire
from tests.controlplane import Helm

_AT_ONCE = 16
_PER_FILE = 100


def objects(count: int, prefix: str) -> Iterator[Body]:
    """Of ten objects: four ConfigMaps, three Services, three Deployments."""
    for number in range(count):
        name = f"{prefix}-{number}"
        yield (_config_map, _service, _deployment)[(0, 1, 2, 0, 1, 2, 0, 1, 2, 0)[number % 10]](name)


def _config_map(name: str) -> Body:
    data = {f"key-{number}": f"value {number} of {name}, some forty bytes long" for number in range(12)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(name), "data": data}


def _service(name: str) -> Body:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "metrics", "port": 9090}]
    spec = {"selector": _labels(name), "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(name), "spec": spec}


def _deployment(name: str) -> Body:
    template = {"metadata": {"labels": _labels(name)}, "spec": {"containers": [_container(name)]}}
    spec = {"replicas": 2, "selector": {"matchLabels": _labels(name)}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(name), "spec": spec}


def _container(name: str) -> Body:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5}
    return {
        "name": "web",
        "image": "registry.example.com/web:1.0",
        "args": ["--listen=:8080", f"--name={name}"],
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(8)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
    }


def _metadata(name: str) -> Body:
    return {"name": name, "labels": _labels(name)}


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}


def write_manifests(folder: Path, bodies: Iterable[Body]) -> Path:
    """Write one JSON List (which is YAML) per hundred objects."""
    folder.mkdir(parents=True)
    items = list(bodies)
    for start in range(0, len(items), _PER_FILE):
        part = {"apiVersion": "v1", "kind": "List", "items": items[start : start + _PER_FILE]}
        (folder / f"part-{start // _PER_FILE:04}.json").write_text(json.dumps(part, indent=1))
    return folder


def write_chart(folder: Path, count: int) -> Path:
    """Write a chart of `count` objects, named after the release."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 1.0.0\n")
    for body in objects(count, "NAME"):
        text = json.dumps(body, indent=1).replace("NAME", "{{ .Release.Name }}")
        (folder / "templates" / f"{body['metadata']['name']}.yaml").write_text(text)
    return folder


async def create(wire: Wire, namespace: str, bodies: Iterable[Body]) -> None:
    """Make a namespace with these objects."""
    await wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    queue = list(bodies)

    async def work() -> None:
        while queue:
            body: dict[str, Any] = queue.pop()
            await wire.send("POST", KINDS[body["kind"]].path(namespace), body)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def install(helm: Helm, chart: Path, namespace: str, releases: int) -> None:
    """Install the chart so many times, two at a time."""
    names = [f"r{number}" for number in range(releases)]

    async def work() -> None:
        while names:
            await asyncio.to_thread(helm.install, names.pop(), chart, namespace=namespace)

    await asyncio.gather(work(), work())
