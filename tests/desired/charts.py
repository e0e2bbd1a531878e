"""Small charts written to a folder."""

from pathlib import Path

CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  replicas: {{ .Values.replicas | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  gateway: {{ .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1" | quote }}
"""
CLUSTER_ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .Release.Name }}
rules: []
"""
HOOK = """apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations:
    helm.sh/hook: pre-install
"""
RANDOM = """apiVersion: v1
kind: Secret
metadata:
  name: random
stringData:
  fixed: a
  password: {{ randAlphaNum 20 | quote }}
"""
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""


def write_chart(folder: Path, templates: dict[str, str] | None = None) -> Path:
    """A chart called `app` with these templates (default: a ConfigMap and a ClusterRole) and `replicas: 1`."""
    chart = folder / "app"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.2.3\n")
    (chart / "values.yaml").write_text("replicas: 1\n")
    default = {"config.yaml": CONFIG_MAP, "role.yaml": CLUSTER_ROLE, "NOTES.txt": "hi"}
    for name, text in (templates or default).items():
        path = chart / ("" if name.startswith("crds/") else "templates") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return chart
