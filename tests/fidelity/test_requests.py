"""What a report costs: one list per kind, however many releases, namespaces and objects there are."""

from collections import Counter
from pathlib import Path

import pytest

from drift.cli.options import Target
from tests.conftest import fresh_namespace
from tests.controlplane import ControlPlane, Helm, find_tools
from tests.engine.harness import write
from tests.ledger import Ledger

pytestmark = pytest.mark.cluster

RELEASES = 8
OBJECTS = ("configmaps", "services", "deployments")
USER = "drift-requests"
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: many\nversion: 0.1.0\n",
    "templates/all.yaml": """\
{{- range $number := until 4 }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "c{{ $number }}"}
data: {a: b}
---
apiVersion: v1
kind: Service
metadata: {name: "s{{ $number }}"}
spec: {selector: {a: b}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "d{{ $number }}"}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: web, image: "example.invalid/web"}]}
{{- end }}
""",
}


@pytest.fixture(scope="module")
def target(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """Releases in namespaces of their own, seen by a user whom the audit log can tell."""
    helm = Helm(find_tools() / "helm4", plane.admin_kubeconfig)
    chart: Path = write(tmp_path_factory.mktemp("many"), CHART)
    for _ in range(RELEASES):
        helm.install("many", chart, namespace=fresh_namespace(plane))
    kubeconfig = str(plane.kubeconfig_for(USER, ["system:masters"]))
    return Target(helm=True, all_namespaces=True, kubeconfig=kubeconfig)


async def test_a_report_lists_every_kind_once_and_reads_no_object(target: Target, ledger: Ledger) -> None:
    from drift.cli.audit import audit

    mark = ledger.now()
    report = await audit(target)
    assert report.summary.objects >= RELEASES * 4 * len(OBJECTS)
    asked = [one for one in ledger.requests(USER, mark) if one.resource]
    lists = Counter(one.resource for one in asked if one.verb == "list")
    assert {name: lists[name] for name in OBJECTS} == dict.fromkeys(OBJECTS, 1)
    assert not [one for one in asked if one.verb == "get"]
    assert not [one for one in asked if one.writes]
