"""Kubeconfig files: found, merged and checked as kubectl does it, read by kubernetes_asyncio."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from drift.core.errors import UsageError
from drift.kube.errors import line

_LIBRARY_LOGGER = "kubernetes_asyncio.config.kube_config"


class Selected(NamedTuple):
    """One context of a (merged) kubeconfig. `where` names user and file for messages."""

    context: str
    namespace: str
    user: dict[str, Any]
    folder: Path
    where: str
    loader: Any
    merger: Any


def find_files(kubeconfig: str | None, environ_kubeconfig: str | None, home: Path) -> tuple[Path, ...]:
    """Return the files to read: the option, else those of KUBECONFIG that exist, else ~/.kube/config."""
    if kubeconfig:
        return (Path(kubeconfig).expanduser(),)
    listed = [Path(part).expanduser() for part in (environ_kubeconfig or "").split(os.pathsep) if part]
    present = tuple(path for path in listed if path.exists())
    if listed and not present:
        raise UsageError(line(f"KUBECONFIG names no file that exists: {environ_kubeconfig}"))
    default = home / ".kube" / "config"
    return present or ((default,) if default.exists() else ())


def select(paths: tuple[Path, ...], context: str | None) -> Selected:
    """Merge the files and pick a context, by name or the current one."""
    merger = _merge(paths)
    files = ", ".join(map(str, paths))
    name = context or _current_context(merger)
    entries = _entries(merger, "contexts")
    if not name:
        raise UsageError(line(f"{files}: no current-context; choose one with --context: {_known(entries)}"))
    if name not in entries:
        raise UsageError(line(f"{files}: no context {name!r}; known contexts: {_known(entries)}"))
    content, _ = entries[name]
    return _selected(merger, name, content.get("context") or {}, files)


def save_changes(merger: Any) -> None:
    """Write rotated tokens back, as kubectl does; whole or not at all, and never at the cost of the request."""
    for path in merger.paths:
        if merger.config_saved.get(path) != merger.config_files[path]:
            try:
                _replace(merger, Path(path))
            except OSError:
                logging.getLogger(__name__).warning("cannot write refreshed tokens to %s", path)


def _replace(merger: Any, path: Path) -> None:
    import yaml

    real = path.resolve()
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    with os.fdopen(handle, "w") as file:
        yaml.safe_dump(merger.config_files[str(path)], file, default_flow_style=False)
    Path(name).replace(real)  # mkstemp made it 0600, which a kubeconfig should be


def _merge(paths: tuple[Path, ...]) -> Any:
    import yaml
    from kubernetes_asyncio.config.kube_config import KubeConfigMerger

    # It logs what it also raises, plugin output included; our errors are the one line that people see.
    logging.getLogger(_LIBRARY_LOGGER).setLevel(logging.CRITICAL + 1)
    merger = KubeConfigMerger("")
    for path in paths:
        try:
            merger.load_config(str(path))
        except FileNotFoundError as error:
            raise UsageError(line(f"there is no kubeconfig {path}; check --kubeconfig or KUBECONFIG")) from error
        except OSError as error:
            raise UsageError(line(f"cannot read the kubeconfig {path}: {error.strerror}")) from error
        except (yaml.YAMLError, AttributeError, TypeError, KeyError, ValueError) as error:
            raise UsageError(line(f"{path} is not a kubeconfig: {_first_line(error)}")) from error
        merger.paths.append(str(path))
    return merger


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    # A YAML error quotes the text around it, which may be a token.
    return f"line {mark.line + 1} is not YAML" if mark is not None else "clusters, contexts and users are expected"


def _current_context(merger: Any) -> str:
    """Return the first one set, as kubectl has it; the library takes the last."""
    return next(
        (str(each["current-context"]) for each in merger.config_files.values() if each.get("current-context")), ""
    )


def _entries(merger: Any, section: str) -> dict[str, tuple[dict[str, Any], str]]:
    nodes = merger.config.value[section] if merger.config is not None else []
    return {str(node.value.get("name")): (node.value, node.path) for node in nodes}


def _known(entries: dict[str, Any]) -> str:
    return ", ".join(sorted(entries)) or "none"


def _selected(merger: Any, name: str, context: dict[str, Any], files: str) -> Selected:
    from kubernetes_asyncio.config import ConfigException
    from kubernetes_asyncio.config.kube_config import ConfigNode, KubeConfigLoader

    cluster, user_name = str(context.get("cluster") or ""), str(context.get("user") or "")
    clusters = _entries(merger, "clusters")
    if cluster not in clusters:
        raise UsageError(line(f"{files}: context {name!r} names the cluster {cluster!r}, which is not there"))
    if not (clusters[cluster][0].get("cluster") or {}).get("server"):
        raise UsageError(line(f"{files}: the cluster {cluster!r} has no server address"))
    users = _entries(merger, "users")
    if user_name and user_name not in users:
        raise UsageError(line(f"{files}: context {name!r} names the user {user_name!r}, which is not there"))
    entry, path = users.get(user_name, ({}, str(merger.paths[0])))
    user = entry.get("user") or {}
    try:
        loader = KubeConfigLoader(merger.config, active_context=name, config_base_path=None)
    except (ConfigException, AssertionError, KeyError, TypeError) as error:
        raise UsageError(line(f"{files}: context {name!r} cannot be used: {error}")) from error
    loader._user = ConfigNode(f"users[name={user_name}]", user, path)  # noqa: SLF001 - None breaks it under https
    where = f"user {user_name!r} in {path}"
    return Selected(name, str(context.get("namespace") or "default"), user, Path(path).parent, where, loader, merger)
