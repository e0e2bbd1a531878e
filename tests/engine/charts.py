"""Small charts: one with an object of every common kind, and one made of whatever a test needs."""

from pathlib import Path
from typing import Any

import yaml

from drift.core.objects import ObjectRef
from tests.engine.harness import write

_APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {colour: {{ .Values.colour }}}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: example.invalid/web:{{ .Values.tag }}
        args: [--colour, {{ .Values.colour }}]
        ports: [{name: http, containerPort: 8080}]
        env: [{name: COLOUR, value: {{ .Values.colour }}}, {name: SIZE, value: small}]
        resources: {requests: {cpu: 100m}, limits: {memory: 64Mi}}
        volumeMounts: [{name: settings, mountPath: /settings}]
      volumes: [{name: settings, configMap: {name: web}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: {{ .Values.port }}, targetPort: http}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {colour: {{ .Values.colour }}, size: small}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: {{ .Values.colour }}-secret}
data: {token: dG9rZW4=}
"""
_ACCESS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects: [{kind: ServiceAccount, name: web}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{ports: [{port: 8080}]}]
"""
_REST = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec:
  schedule: {{ .Values.schedule | quote }}
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: job, image: example.invalid/job}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
---
apiVersion: GROUP/v1
kind: Widget
metadata: {name: web}
spec: {size: 3, parts: [{name: a, weight: 1}]}
"""
_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.GROUP}
spec:
  group: GROUP
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
              mode: {type: string, default: normal}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, weight: {type: integer}}
"""
_VALUES = {"replicas": 2, "colour": "blue", "tag": "1.0", "port": 80, "schedule": "0 3 * * *"}
_RBAC = "rbac.authorization.k8s.io"


def group_of(namespace: str) -> str:
    """API group of the custom resource in this namespace's chart: cluster-wide, so of its own."""
    return f"{namespace}.example.com"


def full_chart(folder: Path, namespace: str) -> Path:
    """A chart with an object of every common kind."""
    files = {"app": _APP, "access": _ACCESS, "rest": _REST.replace("GROUP", group_of(namespace))}
    extra = {"crds/widgets.yaml": _CRD.replace("GROUP", group_of(namespace))}
    return _chart(folder, files, _VALUES, extra)


def full_refs(namespace: str) -> dict[str, ObjectRef]:
    """Objects of `full_chart` by kind; the CRD apart."""
    groups = {
        "Deployment": "apps", "Service": "", "ConfigMap": "", "Secret": "", "ServiceAccount": "", "Role": _RBAC,
        "RoleBinding": _RBAC, "NetworkPolicy": "networking.k8s.io", "PodDisruptionBudget": "policy",
        "CronJob": "batch", "HorizontalPodAutoscaler": "autoscaling", "Widget": group_of(namespace),
    }  # fmt: skip
    return {kind: ObjectRef(group, kind, namespace, "web") for kind, group in groups.items()}


def chart_of(folder: Path, *objects: dict[str, Any], values: dict[str, Any] | None = None) -> Path:
    """A chart of exactly these objects; strings in them may be templates."""
    text = "---\n".join(yaml.safe_dump(one, sort_keys=False) for one in objects)
    return raw_chart(folder, text, values)


def raw_chart(folder: Path, text: str, values: dict[str, Any] | None = None) -> Path:
    """A chart of this template."""
    return _chart(folder, {"all": text}, values or {})


def _chart(
    folder: Path, templates: dict[str, str], values: dict[str, Any], extra: dict[str, str] | None = None
) -> Path:
    return write(
        folder,
        {
            "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
            "values.yaml": yaml.safe_dump(values),
            **{f"templates/{name}.yaml": text for name, text in templates.items()},
            **(extra or {}),
        },
    )
