"""What the operator does at 3 a.m.: every act is one real kubectl command against one object."""

import shlex
from dataclasses import dataclass

from tests.demo.witness import Key

NAMESPACE, RELEASE = "demo", "web"
KINDS = {"services": "Service", "deployments": "Deployment.apps", "configmaps": "ConfigMap"}
COLLECTIONS = {
    "services": f"/api/v1/namespaces/{NAMESPACE}/services",
    "deployments": f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    "configmaps": f"/api/v1/namespaces/{NAMESPACE}/configmaps",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One command; `drifts` is false where drift must leave the change alone. `editor` is what kubectl edit opens."""

    plural: str
    command: str
    drifts: bool = True
    editor: str = ""

    @property
    def key(self) -> Key:
        """The object, as the witness knows it."""
        return self.plural, RELEASE

    @property
    def arguments(self) -> list[str]:
        """For kubectl."""
        return ["-n", NAMESPACE, *shlex.split(self.command)]

    @property
    def shown(self) -> str:
        """As typed."""
        return (f"EDITOR={shlex.quote(self.editor)} " if self.editor else "") + f"kubectl -n {NAMESPACE} {self.command}"


ACTS = (
    Act("services", f"delete service {RELEASE}"),
    Act("deployments", f"scale deployment {RELEASE} --replicas=5"),
    Act("deployments", f"set image deployment/{RELEASE} web=nginx:latest"),
    Act("deployments", f"set env deployment/{RELEASE} DEBUG=true"),
    Act("configmaps", f"edit configmap {RELEASE}", editor="sed -i.bak s/Welcome/Goodbye/"),
    Act("configmaps", f"delete configmap {RELEASE}"),
    Act("deployments", f"label deployment {RELEASE} oncall=ana", drifts=False),
)
