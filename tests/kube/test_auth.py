import asyncio
import base64
import json
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift.core.errors import ClusterError, DriftError, UsageError
from drift.kube.auth import Connection, load
from drift.kube.credentials import Credential, Token, token_file
from drift.kube.transport import Transport
from tests.kube.fake import ATTEMPT, FakeApi, answer

Write = Any
CONTEXT = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]"
CLUSTER = "clusters: [{name: c, cluster: {server: 'https://x'}}]"


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(name: str = "config", user: dict[str, Any] | None = None, **changes: Any) -> Path:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": f"http://{name}.test:1"}}],
            "users": [{"name": name, "user": user or {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
        }
        path = tmp_path / name
        path.write_text(yaml.safe_dump({**content, **changes}))
        return path

    return make


async def authorization(path: Path, **options: Any) -> str | None:
    connection = await load(str(path), **options)
    return dict(await connection.headers()).get("Authorization")


async def test_a_context_has_a_name_a_namespace_and_a_host(write: Write) -> None:
    connection = await load(str(write()))

    assert (connection.context, connection.namespace, connection.host) == (
        "config",
        "ns-config",
        "http://config.test:1",
    )
    assert await connection.headers() == []


async def test_several_files_are_merged_as_kubectl_does_it(write: Write, tmp_path: Path) -> None:
    joined = os.pathsep.join([str(tmp_path / "absent"), str(write("one")), str(write("two"))])

    assert (await load(environ_kubeconfig=joined)).context == "one"
    assert (await load(context="two", environ_kubeconfig=joined)).host == "http://two.test:1"


async def test_the_option_wins_over_the_environment_and_the_home(write: Write, tmp_path: Path) -> None:
    (tmp_path / "home/.kube").mkdir(parents=True)
    write("home-config").rename(tmp_path / "home/.kube/config")

    assert (await load()).context == "home-config"
    assert (await load(environ_kubeconfig=str(write("env")))).context == "env"
    assert (await load(str(write("option")), environ_kubeconfig=str(write("env")))).context == "option"


@pytest.mark.parametrize(
    ("content", "context", "words"),
    [
        (None, None, "there is no kubeconfig"),
        ("", None, "is not a kubeconfig"),
        ("- a\n- b\n", None, "is not a kubeconfig"),
        ("token: 'abc\n x: [", None, "is not YAML"),
        ("clusters: []\ncontexts: []\n", None, "no current-context"),
        ("current-context: x\ncontexts: [{name: b}, {name: a}]\n", None, "no context 'x'; known contexts: a, b"),
        (f"{CONTEXT}\n", None, "names the cluster 'c', which is not there"),
        (f"{CONTEXT}\nclusters: [{{name: c, cluster: {{}}}}]\n", None, "no server address"),
        (f"{CONTEXT}\n{CLUSTER}\n", None, "names the user 'u', which is not there"),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_used_is_named_in_one_line(
    tmp_path: Path, content: str | None, context: str | None, words: str
) -> None:
    path = tmp_path / "broken"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError) as caught:
        await load(str(path), context)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "abc" not in str(caught.value)


async def test_an_unknown_context_lists_the_known_ones(write: Write) -> None:
    with pytest.raises(UsageError, match=r"no context 'prod'; known contexts: config"):
        await load(str(write()), "prod")


async def test_no_kubeconfig_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --kubeconfig or set KUBECONFIG"):
        await load()
    with pytest.raises(UsageError, match="KUBECONFIG names no file that exists"):
        await load(environ_kubeconfig=str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="no service account to use"):
        await load(in_cluster=True)


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": "abc\n"}, "Bearer abc"),
        ({"username": "u", "password": "p"}, "Basic " + base64.b64encode(b"u:p").decode()),
        ({}, None),
    ],
)
async def test_fixed_credentials(write: Write, user: dict[str, Any], header: str | None) -> None:
    assert await authorization(write(user=user)) == header


async def test_a_token_file_beats_a_token_and_is_relative_to_the_kubeconfig(write: Write, tmp_path: Path) -> None:
    (tmp_path / "tok").write_text("from-file\n")

    assert await authorization(write(user={"tokenFile": "tok", "token": "old"})) == "Bearer from-file"


async def test_certificates_that_cannot_be_read_are_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("not a certificate")
    for cluster in ({"certificate-authority": "ca"}, {"certificate-authority": "absent"}):
        entry = {"name": "config", "cluster": {"server": "https://x", **cluster}}
        with pytest.raises(UsageError, match="cannot be used"):
            await load(str(write(clusters=[entry])))


def plugin(folder: Path, body: str) -> dict[str, Any]:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    api = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": api, "command": "./plugin", "interactiveMode": "Never"}}


def credential_json(expires: float | None = None) -> str:
    status = {"token": "t$(cat n)"}
    if expires is not None:
        status["expirationTimestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + expires))
    shown = json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})
    return shown.replace('"', '\\"')


def counting(folder: Path, expires: float | None) -> str:
    return f'cd {folder}; n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; echo "{credential_json(expires)}"'


async def test_an_exec_plugin_runs_once_for_many_requests(write: Write, tmp_path: Path) -> None:
    connection = await load(str(write(user=plugin(tmp_path, counting(tmp_path, 3600)))))
    headers = await asyncio.gather(*(connection.headers() for _ in range(5)))

    assert headers == [[("Authorization", "Bearer t1")]] * 5


async def test_an_exec_token_is_renewed_before_it_expires(write: Write, tmp_path: Path) -> None:
    connection = await load(str(write(user=plugin(tmp_path, counting(tmp_path, 3600)))))
    assert connection._credential is not None
    now = time.monotonic()
    connection._credential._clock = lambda: now + 3000.0

    assert dict(await connection.headers())["Authorization"] == "Bearer t2"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo boom >&2; echo more >&2; exit 3", "run it by hand to see why: exec: process returned 3. boom more"),
        ("echo nonsense", "failed; run it by hand"),
    ],
)  # fmt: skip
async def test_an_exec_plugin_that_fails_is_named(
    write: Write, tmp_path: Path, body: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClusterError) as caught:
        await load(str(write(user=plugin(tmp_path, body))))

    assert words in str(caught.value)
    assert "user 'config' in" in str(caught.value)
    assert capfd.readouterr().err == ""


async def test_an_exec_plugin_that_is_not_installed_says_so(write: Write) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}
    with pytest.raises(ClusterError, match=r"`no-such-plugin` of user .* cannot be run .*; install it"):
        await load(str(write(user=user)))


async def test_kubeconfig_impersonation_is_not_ignored(write: Write) -> None:
    user = {"token": "t", "as": "eve", "as-groups": ["a", "b"], "as-user-extra": {"k": ["v"]}}
    connection = await load(str(write(user=user)))

    assert (await connection.headers())[1:] == [
        ("Impersonate-User", "eve"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-k", "v"),
    ]


async def test_both_groups_reach_the_server(write: Write) -> None:
    async with FakeApi(answer({})) as api:
        entry = {"name": "config", "cluster": {"server": api.url}}
        connection = await load(str(write(clusters=[entry])), impersonate="eve", impersonate_groups=["a", "b"])
        async with Transport(connection) as transport:
            await transport.request("GET", "/x", ATTEMPT)

        assert api.requests[0].headers.getall("Impersonate-Group") == ["a", "b"]


@pytest.mark.parametrize(("user", "groups"), [("", ()), (" ", ()), (None, ("a",))])
async def test_an_empty_identity_is_refused(write: Write, user: str | None, groups: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        await load(str(write()), impersonate=user, impersonate_groups=groups)


async def test_in_cluster_reads_the_service_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import certifi

    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "token").write_text("sa-token\n")
    (tmp_path / "namespace").write_text("ops")
    shutil.copy(certifi.where(), tmp_path / "ca.crt")
    connection = await load(service_account=tmp_path)

    assert (connection.context, connection.namespace, connection.host) == (
        "in-cluster",
        "ops",
        "https://10.0.0.1:443",
    )
    assert await connection.headers() == [("Authorization", "Bearer sa-token")]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_rotated_token_file_is_read_again_and_a_missing_one_is_lived_with(tmp_path: Path) -> None:
    path, clock = tmp_path / "token", Clock()
    path.write_text("one")
    credential = Credential(token_file(path), clock=clock)
    assert (await credential.token()).header == "Bearer one"
    path.write_text("two")
    assert (await credential.token()).header == "Bearer one"
    clock.now = 61.0
    assert (await credential.token()).header == "Bearer two"
    path.unlink()
    clock.now = 122.0
    assert (await credential.token()).header == "Bearer two"
    clock.now = 300.0
    with pytest.raises(DriftError, match="cannot read the token file"):
        await credential.token()


async def test_renewing_is_not_done_in_a_hurry() -> None:
    clock, made = Clock(), iter(range(100))

    async def make() -> Token:
        return Token(str(next(made)))

    credential = Credential(make, clock=clock)
    await credential.token()
    clock.now = 1.0
    assert not await credential.renew()
    clock.now = 10.0
    assert all(await asyncio.gather(credential.renew(), credential.renew()))
    assert (await credential.token()).header == "1"


def jwt(seconds: float) -> str:
    # `?>` makes URL-safe characters, which plain base64 cannot read.
    claims = json.dumps({"exp": time.time() + seconds, "x": "???>>>"}).encode()
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", claims, b"s"))


async def test_an_oidc_token_is_used_then_refreshed_and_kept(write: Write) -> None:
    new = jwt(3600)
    tokens = {"id_token": new, "refresh_token": "r2"}
    async with FakeApi(answer(b"")) as api:
        api._handlers = [answer({"token_endpoint": f"{api.url}/token"}), answer(tokens)]
        config = {"client-id": "c", "idp-issuer-url": api.url, "id-token": jwt(-5), "refresh-token": "r1"}
        path = write(user={"auth-provider": {"name": "oidc", "config": config}})

        assert await authorization(path) == f"Bearer {new}"
        kept = yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]
        assert (kept["id-token"], kept["refresh-token"]) == (new, "r2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await authorization(path) == f"Bearer {new}"
        assert len(api.requests) == 2


async def test_an_oidc_token_that_cannot_be_refreshed_says_log_in(write: Write) -> None:
    config = {"client-id": "c", "idp-issuer-url": "http://127.0.0.1:1", "id-token": "x.y.z", "refresh-token": "r1"}
    with pytest.raises(ClusterError, match=r"cannot be refreshed .*; log in again"):
        await load(str(write(user={"auth-provider": {"name": "oidc", "config": config}})))


async def test_a_proxy_comes_from_the_file_or_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://env:3128")
    cluster = {"server": "http://x", "proxy-url": "http://file:3128"}

    async def proxy(**changes: Any) -> Connection:
        return await load(str(write(**changes)))

    assert (await proxy()).proxy == "http://env:3128"
    assert (await proxy(clusters=[{"name": "config", "cluster": cluster}])).proxy == "http://file:3128"
    monkeypatch.setenv("no_proxy", "config.test")
    assert (await proxy()).proxy is None
