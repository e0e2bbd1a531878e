"""Where an object lives: what discovery says of its kind, applied to a manifest.

A manifest may leave out its namespace, and a cluster-scoped one may name one; only the server's discovery knows
which kinds are namespaced.
"""

import msgspec

from drift.core.objects import Manifest


def place(manifest: Manifest, namespaced: bool, default_namespace: str) -> Manifest:
    """Set (namespaced) or strip (cluster-scoped) the namespace, in the identity and in a copy of the body."""
    namespace = (manifest.ref.namespace or default_namespace) if namespaced else ""
    metadata = manifest.body.get("metadata") or {}
    if manifest.ref.namespace == namespace and (metadata.get("namespace") or "") == namespace:
        return manifest
    placed = {key: value for key, value in metadata.items() if key != "namespace"}
    if namespace:
        placed["namespace"] = namespace
    return msgspec.structs.replace(
        manifest,
        ref=msgspec.structs.replace(manifest.ref, namespace=namespace),
        body={**manifest.body, "metadata": placed},
    )
