"""From a kubeconfig or a pod's service account to a `Connection`: host, TLS, proxy and fresh credentials.

Built on the loaders of kubernetes_asyncio, which are imported when first needed (0.6 s). What they do not do is
done here: renewed tokens, impersonation, several files as kubectl merges them, and errors in one line.
"""

import base64
import contextlib
import os
import ssl
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from drift.core.errors import ClusterError, UsageError
from drift.core.reasons import Reason
from drift.kube import kubeconfig as files
from drift.kube.credentials import Credential, Load, Token, exec_plugin, token_file
from drift.kube.errors import line

if TYPE_CHECKING:
    from kubernetes_asyncio.client import Configuration

IN_CLUSTER = "in-cluster"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Header = tuple[str, str]


class Connection:
    """How to reach one API server as one identity.

    `configuration` is usable with every client of kubernetes_asyncio too: its refresh hook renews the token.
    """

    def __init__(
        self,
        *,
        context: str,
        namespace: str,
        configuration: "Configuration",
        load: Load | None = None,
        impersonation: Sequence[Header] = (),
    ) -> None:
        self.context = context
        self.namespace = namespace
        self.configuration = configuration
        self.host = str(configuration.host).rstrip("/")
        self.server_name: str | None = configuration.tls_server_name
        self.impersonation = tuple(impersonation)
        self.ssl_context = _ssl_context(configuration) if self.host.startswith("https:") else None
        self.proxy: str | None = configuration.proxy or _environment_proxy(self.host)
        self._credential = Credential(load) if load is not None else None
        self._certificate: tuple[str, str] | None = None
        if self._credential is not None:
            configuration.refresh_api_key_hook = self._refresh

    async def headers(self) -> list[Header]:
        """Return the headers that say who we are, for one request; ClusterError where no credential comes."""
        key = await self.configuration.get_api_key_with_prefix("BearerToken")
        return [("Authorization", key), *self.impersonation] if key else list(self.impersonation)

    async def renew(self) -> bool:
        """After a 401: get another credential. False where there is none to be had."""
        return await self._credential.renew() if self._credential is not None else False

    async def _refresh(self, configuration: "Configuration") -> None:
        if self._credential is None:
            return
        token = await self._credential.token()
        configuration.api_key["BearerToken"] = token.header
        if token.certificate not in {None, self._certificate} and self.ssl_context is not None:
            self._certificate = token.certificate
            self.ssl_context.load_cert_chain(*token.certificate)  # for connections made from now on


async def load(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    environ_kubeconfig: str | None = None,
    in_cluster: bool | None = None,
    impersonate: str | None = None,
    impersonate_groups: Sequence[str] = (),
    service_account: Path = SERVICE_ACCOUNT,
) -> Connection:
    """Load the connection: the kubeconfig option, KUBECONFIG, ~/.kube/config, then the pod's service account.

    `in_cluster` True takes only the service account, False never. Raises UsageError for what a person can fix in
    a file and ClusterError where a credential cannot be had.
    """
    identity = _impersonation(impersonate, impersonate_groups)
    paths = () if in_cluster else files.find_files(kubeconfig, environ_kubeconfig, Path.home())
    if paths:
        connection = _from_kubeconfig(files.select(paths, context), identity)
    elif in_cluster or (in_cluster is None and "KUBERNETES_SERVICE_HOST" in os.environ):
        connection = _from_service_account(service_account, identity)
    else:
        raise UsageError("no cluster: there is no ~/.kube/config; give --kubeconfig or set KUBECONFIG")
    await connection.headers()  # a credential that cannot be had is an error now, not at the first request
    return connection


def _from_service_account(folder: Path, identity: Sequence[Header]) -> Connection:
    from kubernetes_asyncio.client import Configuration
    from kubernetes_asyncio.config import ConfigException
    from kubernetes_asyncio.config.incluster_config import InClusterConfigLoader

    configuration = Configuration()
    token, authority = folder / "token", folder / "ca.crt"
    try:
        InClusterConfigLoader(str(token), str(authority), try_refresh_token=False).load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise UsageError(line(f"no service account to use in {folder}: {error}")) from error
    namespace = "default"
    with contextlib.suppress(OSError):
        namespace = (folder / "namespace").read_text().strip() or namespace
    return Connection(
        context=IN_CLUSTER,
        namespace=namespace,
        configuration=configuration,
        load=token_file(token),
        impersonation=identity,
    )


def _from_kubeconfig(selected: files.Selected, identity: Sequence[Header]) -> Connection:
    from kubernetes_asyncio.client import Configuration

    configuration = Configuration()
    try:
        selected.loader._load_cluster_info()  # noqa: SLF001 - its public load_and_set also fetches the token, once
        selected.loader._set_config(configuration)  # noqa: SLF001
    except Exception as error:  # the library's own mixture: ConfigException, KeyError, binascii, OSError
        raise UsageError(line(f"context {selected.context!r} ({selected.where}) cannot be used: {error}")) from error
    return Connection(
        context=selected.context,
        namespace=selected.namespace,
        configuration=configuration,
        load=_credential(selected),
        impersonation=identity or _impersonation_of(selected.user),
    )


def _credential(selected: files.Selected) -> Load | None:
    """Choose as the library does: auth-provider, exec, token file, token, password; None for certificates alone."""
    user, loader = selected.user, selected.loader
    provider = str((user.get("auth-provider") or {}).get("name") or "")
    if provider == "oidc":
        return _oidc(selected)
    if provider == "gcp":
        return _once(loader.load_gcp_token, seconds=300)
    if provider:
        raise UsageError(line(f"{selected.where}: the auth-provider {provider!r} is not supported; use exec"))
    if user.get("exec"):
        command = _absolute_command(user["exec"], selected.folder)
        return exec_plugin(loader, command, selected.where)
    if user.get("tokenFile"):
        return token_file(selected.folder / str(user["tokenFile"]))
    return _fixed(user)


def _fixed(user: dict[str, Any]) -> Load | None:
    if user.get("token"):
        header = f"Bearer {str(user['token']).strip()}"
    elif user.get("username") and user.get("password"):
        pair = f"{user['username']}:{user['password']}"
        header = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        return None

    async def load() -> Token:
        return Token(header)

    return load


def _oidc(selected: files.Selected) -> Load:
    from drift.kube.oidc import oidc_token

    provider = selected.user["auth-provider"]
    config = provider["config"] = provider.get("config") or {}
    return oidc_token(config, selected.where, lambda: files.save_changes(selected.merger))


def _once(ask: Any, *, seconds: float) -> Load:
    async def load() -> Token:
        try:
            return Token(await ask(), seconds)
        except Exception as error:
            words = f"the gcp auth-provider failed: {error}; use gke-gcloud-auth-plugin"
            raise ClusterError(line(words), reason=Reason.FORBIDDEN) from error

    return load


def _absolute_command(plugin: dict[str, Any], folder: Path) -> str:
    """A command with a slash is relative to the kubeconfig's folder (client-go), one without to PATH."""
    command = str(plugin.get("command") or "")
    if "/" in command:
        command = plugin["command"] = str(folder / command)
    return command


def _impersonation(user: str | None, groups: Sequence[str]) -> tuple[Header, ...]:
    if user is None:
        if groups:
            raise UsageError("a group can be impersonated only together with a user (--as)")
        return ()
    if not user.strip():
        raise UsageError("the identity to impersonate is empty")
    return (("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups))


def _impersonation_of(user: dict[str, Any]) -> tuple[Header, ...]:
    """`as`, `as-uid`, `as-groups` and `as-user-extra` of a kubeconfig user, which the library ignores."""
    if not user.get("as"):
        return ()
    extra = user.get("as-user-extra") or {}
    return (
        *_impersonation(str(user["as"]), [str(group) for group in user.get("as-groups") or ()]),
        *([("Impersonate-Uid", str(user["as-uid"]))] if user.get("as-uid") else ()),
        *((f"Impersonate-Extra-{key}", str(value)) for key, values in extra.items() for value in values),
    )


def _ssl_context(configuration: "Configuration") -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(line(f"the certificates for {configuration.host} cannot be used: {error}")) from error
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _environment_proxy(host: str) -> str | None:
    """HTTPS_PROXY and NO_PROXY, looked up once: aiohttp's trust_env does it, and reads .netrc, at every request."""
    url = urlsplit(host)
    if not url.hostname or urllib.request.proxy_bypass(url.hostname):
        return None
    return urllib.request.getproxies().get(url.scheme)
