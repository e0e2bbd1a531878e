"""How each component is called. Pure: a layout in, a command line out."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SERVICE_RANGE = "10.96.0.0/14"  # room for tens of thousands of Services
FIRST_SERVICE_IP = "10.96.0.1"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one control plane has its programs, its files and its ports."""

    assets: Path
    folder: Path
    port: int
    etcd_port: int

    @property
    def etcd_url(self) -> str:
        return f"http://{HOST}:{self.etcd_port}"

    @property
    def admin_kubeconfig(self) -> Path:
        return self.folder / "admin.kubeconfig"


def etcd(layout: Layout) -> list[str]:
    return [
        str(layout.assets / "etcd"),
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls=http://{HOST}:0",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(layout: Layout, admission_off: Iterable[str], extra: Iterable[str]) -> list[str]:
    folder = layout.folder
    off = ",".join(admission_off)
    return [
        str(layout.assets / "kube-apiserver"),
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",  # else it looks for a default route, which a sandbox may lack
        "--endpoint-reconciler-type=none",  # loopback is not allowed in Endpoints
        f"--secure-port={layout.port}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={_SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        *([f"--disable-admission-plugins={off}"] if off else []),
        *extra,
    ]


def controller_manager(layout: Layout) -> list[str]:
    return [
        str(layout.assets / "kube-controller-manager"),
        f"--kubeconfig={layout.admin_kubeconfig}",
        f"--service-account-private-key-file={layout.folder / 'accounts.key'}",
        f"--root-ca-file={layout.folder / 'ca.crt'}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
