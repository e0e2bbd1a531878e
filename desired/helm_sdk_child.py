"""The child process of SdkRenderer: one JSON request on stdin, the rendered manifest on stdout.

Never import this in the service itself: a crash of the Go library ends its process.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Render and exit; 1 with one `Error:` line on stderr."""
    request = json.load(sys.stdin)
    try:
        sys.stdout.write(_render(request))
    except Exception as error:  # noqa: BLE001 (the parent shows it)
        sys.stderr.write(f"Error: {' '.join(str(error).split())}\n")
        sys.exit(1)


def _render(request: dict[str, Any]) -> str:
    """Render with the library."""
    # By name: the package is an extra, and no type checker has to find it.
    helm = importlib.import_module("helm_python")
    native = importlib.import_module("helm_python._native")
    options = {
        "name": request["name"],
        "namespace": request["namespace"] or "default",
        "kube_version": request["kube_version"] or None,
        "api_versions": request["api_versions"] or None,
    }
    with helm.Chart.load(request["chart"]) as chart:
        # Chart.render() has no way to pass the cluster's versions; the call behind it has.
        rendered = native.call_string(
            "helm_render",
            chart._raw(),  # noqa: SLF001
            json.dumps(_values(request, helm)),
            json.dumps({key: value for key, value in options.items() if value}),
        )
        return _join(str(chart.name), chart.crds, json.loads(rendered))


def _values(request: dict[str, Any], helm: Any) -> dict[str, Any]:
    """Merge values files and --set expressions; later ones win."""
    merged: dict[str, Any] = {}
    for path in request["values"]:
        _merge(merged, helm.values_from_yaml(Path(path).read_text(encoding="utf-8")))
    for text in request["set_values"]:
        if "[" in text:
            raise ValueError(f"--set {text.partition('=')[0]}: a list index needs the helm program; use a values file")
        _merge(merged, helm.parse_set_string(text))
    return merged


def _merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    """Merge mappings, replace everything else."""
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _join(name: str, crds: list[dict[str, str]], rendered: dict[str, str]) -> str:
    """Put the files together as `helm template --include-crds` does."""
    files = [(crd.get("filename") or f"{name}/{crd['name']}", crd["data"]) for crd in crds]
    files += [(path, text) for path, text in sorted(rendered.items()) if _is_manifest(path)]
    return "".join(f"---\n# Source: {path}\n{text.strip()}\n" for path, text in files if text.strip())


def _is_manifest(path: str) -> bool:
    """Leave out notes and partials."""
    file = path.rpartition("/")[2]
    return not file.startswith("_") and file.lower() != "notes.txt"


if __name__ == "__main__":
    main()
