"""A private etcd and kube-apiserver (and kube-controller-manager) for one test session, ready in seconds.

Everything listens on loopback, lives in a temporary folder and is gone afterwards, however the test process
ends. It never reads the developer's own kubeconfig and never touches another cluster.
"""

import atexit
import base64
import contextlib
import http.client
import json
import os
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.controlplane import build, commands
from tests.controlplane.authority import Authority, KeyPair, key_pem, new_key
from tests.controlplane.commands import HOST, Layout
from tests.controlplane.programs import ControlPlaneError, PortTakenError, Program, Programs, free_port

_ATTEMPTS = 3  # at finding ports that nobody takes meanwhile
_RBAC_GROUP = "rbac.authorization.k8s.io"
_SERVER_NAMES = ("localhost", "kubernetes.default.svc")
_MASTERS = ("system:masters",)


class RequestError(ControlPlaneError):
    """The API server answered with a status of 400 or more."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


def find_assets() -> Path:
    """Find the folder of the control plane's programs; the error names the command that makes it."""
    return _built(build.controlplane_folder, "controlplane")


def find_tools() -> Path:
    """Find the folder of helm3, helm4 and kustomize; the error names the command that makes it."""
    return _built(build.tools_folder, "tools")


def _built(folder_of: Callable[[], Path], target: str) -> Path:
    try:
        folder = folder_of()
    except build.BuildError as error:
        raise ControlPlaneError(f"{error}; then run: make {target}") from error
    if not folder.is_dir():
        raise ControlPlaneError(f"{folder} is not there; run: make {target}")
    return folder


class ControlPlane:
    """etcd and kube-apiserver with RBAC, client certificates and, if asked for, the controllers.

    Use it as a context manager, or call `start` and `stop`. Without controllers nothing collects garbage,
    ends a namespace or makes pods, and the ServiceAccount admission plugin is off: nobody would make the
    accounts.
    """

    def __init__(
        self,
        *,
        with_controllers: bool = False,
        admission_off: tuple[str, ...] = (),
        extra_args: tuple[str, ...] = (),
        assets: Path | None = None,
        deadline: float = 90.0,
    ) -> None:
        self._assets = assets or find_assets()
        self._with_controllers = with_controllers
        self._admission_off = admission_off if with_controllers else ("ServiceAccount", *admission_off)
        self._extra_args = extra_args
        self._deadline = deadline
        self._authority = Authority()
        self._running: tuple[Layout, Programs] | None = None
        self._tls = ssl.create_default_context()  # replaced by start(), which writes the files that it needs
        self._apiserver: Program | None = None
        self._users = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start everything and come back when it answers; a failed start leaves nothing behind."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._start()
            except PortTakenError:
                self.stop()
                if attempt == _ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
        raise AssertionError("the last attempt returns or raises")

    def stop(self) -> None:
        """End every process and remove the folder; harmless when called twice."""
        atexit.unregister(self.stop)
        running, self._running, self._apiserver = self._running, None, None
        if running is not None:
            running[1].close()

    @property
    def folder(self) -> Path:
        """The temporary folder: logs, certificates, kubeconfigs."""
        return self._layout.folder

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self._layout.port}"

    @property
    def ca(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._authority.certificate

    @property
    def admin_kubeconfig(self) -> Path:
        """A kubeconfig for a member of system:masters."""
        return self._layout.admin_kubeconfig

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Sign a client certificate for a user; what the user may do is RBAC's business."""
        self._users += 1
        path = self.folder / f"user-{self._users}.kubeconfig"
        self._write_kubeconfig(path, user, self._authority.client(user, groups))
        return path

    def kubeconfig_for_rules(self, name: str, rules: Sequence[Mapping[str, Any]], namespace: str | None = None) -> Path:
        """Make a user that may do exactly this: by a Role in the namespace, or a ClusterRole without one.

        Called again with the same name it replaces the rules. Comes back when the authorizer has seen them.
        """
        api = f"/apis/{_RBAC_GROUP}/v1" + (f"/namespaces/{namespace}" if namespace else "")
        kind = "Role" if namespace else "ClusterRole"
        subjects = [{"kind": "User", "apiGroup": _RBAC_GROUP, "name": name}]
        reference = {"kind": kind, "apiGroup": _RBAC_GROUP, "name": name}
        self._put(f"{api}/{kind.lower()}s", name, {"rules": list(rules)})
        self._put(f"{api}/{kind.lower()}bindings", name, {"roleRef": reference, "subjects": subjects})
        for rule in rules:
            self._wait_for(f"{name} may {rule}", lambda: self._allowed(name, rule, namespace))  # noqa: B023
        return self.kubeconfig_for(name)

    def token_for_service_account(self, namespace: str, name: str) -> str:
        """Ask for a bearer token of one hour (TokenRequest); make the account where nobody did."""
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self._put(accounts, name, {})
        answer = self.request("POST", f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 3600}})
        token: str = answer["status"]["token"]
        return token

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run calls it
        """Run kubectl as admin and give back its stdout; the error carries its stderr."""
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.admin_kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kubecache"),
            "KUBERC": "off",
        }
        done = subprocess.run(
            [str(self._assets / "kubectl"), *args],
            input=input,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ControlPlaneError(f"kubectl {' '.join(args)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Send JSON as admin; give back the decoded answer, or its text where it is not JSON."""
        connection = http.client.HTTPSConnection(HOST, self._layout.port, timeout=30, context=self._tls)
        headers = {"Content-Type": content_type, "Accept": accept}
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RequestError(response.status, content.decode(errors="replace"))
        # Not by Content-Type: the index of /openapi/v3 is JSON and says text/plain.
        return json.loads(content) if content.startswith((b"{", b"[")) else content.decode()

    def stop_apiserver(self) -> None:
        """Kill the API server: connections break and the port refuses; etcd and its data stay."""
        if self._apiserver is not None:
            self._apiserver.kill()
            self._apiserver = None

    def start_apiserver(self) -> None:
        """Start the API server on the same port and data, and come back when it is ready."""
        if self._apiserver is not None:
            return
        layout, programs = self._require()
        self._apiserver = programs.start(commands.apiserver(layout, self._admission_off, self._extra_args))
        self._wait_for("it was ready", lambda: self._answers("/readyz"))
        self._wait_for("it had a namespace", lambda: self._answers("/api/v1/namespaces/default"))

    def _start(self) -> Self:
        programs = Programs()
        layout = Layout(self._assets, programs.folder, free_port(), free_port())
        self._running = (layout, programs)
        atexit.register(self.stop)
        self._write_credentials(layout)
        etcd = programs.start(commands.etcd(layout))
        etcd.wait_until("it answered", lambda: _etcd_answers(layout), seconds=self._deadline)
        self.start_apiserver()
        if self._with_controllers:
            controllers = programs.start(commands.controller_manager(layout))
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            made = "it made the default account"
            controllers.wait_until(made, lambda: self._answers(account), seconds=self._deadline)
        return self

    def _write_credentials(self, layout: Layout) -> None:
        server = self._authority.server(_SERVER_NAMES, (HOST, commands.FIRST_SERVICE_IP))
        admin = self._authority.client("admin", _MASTERS)
        files = {
            "ca.crt": self.ca,
            "server.crt": server.certificate,
            "server.key": server.key,
            "admin.pem": admin.certificate + admin.key,
            "accounts.key": key_pem(new_key()),
        }
        for name, content in files.items():
            (layout.folder / name).write_bytes(content)
        self._write_kubeconfig(layout.admin_kubeconfig, "admin", admin)
        self._tls = ssl.create_default_context(cadata=self.ca.decode())
        self._tls.load_cert_chain(layout.folder / "admin.pem")

    def _write_kubeconfig(self, path: Path, user: str, pair: KeyPair) -> None:
        name = "daytwo-test"
        cluster = {"server": self.url, "certificate-authority-data": _base64(self.ca)}
        credentials = {
            "client-certificate-data": _base64(pair.certificate),
            "client-key-data": _base64(pair.key),
        }
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content))

    def _require(self) -> tuple[Layout, Programs]:
        if self._running is None:
            raise ControlPlaneError("the control plane is not running; call start() first")
        return self._running

    @property
    def _layout(self) -> Layout:
        return self._require()[0]

    def _wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        if self._apiserver is None:
            raise ControlPlaneError("the API server is stopped; call start_apiserver() first")
        self._apiserver.wait_until(what, ready, seconds=self._deadline)

    def _answers(self, path: str) -> bool:
        try:
            self.request("GET", path)
        except (OSError, http.client.HTTPException, RequestError):
            return False
        return True

    def _put(self, collection: str, name: str, fields: Mapping[str, Any]) -> None:
        body = {"metadata": {"name": name}, **fields}
        try:
            self.request("POST", collection, body)
        except RequestError as error:
            if error.status != http.client.CONFLICT:
                raise
            if fields:
                self.request("PUT", f"{collection}/{name}", body)

    def _allowed(self, user: str, rule: Mapping[str, Any], namespace: str | None) -> bool:
        verb = rule["verbs"][0]
        if urls := rule.get("nonResourceURLs"):
            question: dict[str, Any] = {"nonResourceAttributes": {"path": urls[0], "verb": verb}}
        else:
            resource, _, subresource = rule["resources"][0].partition("/")
            attributes = {"verb": verb, "group": rule["apiGroups"][0], "resource": resource}
            attributes |= {"subresource": subresource, "name": next(iter(rule.get("resourceNames", ())), "")}
            question = {"resourceAttributes": {**attributes, "namespace": namespace or ""}}
        reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        answer = self.request("POST", reviews, {"spec": {"user": user, **question}})
        return bool(answer["status"]["allowed"])


def _etcd_answers(layout: Layout) -> bool:
    connection = http.client.HTTPConnection(HOST, layout.etcd_port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    return False


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
