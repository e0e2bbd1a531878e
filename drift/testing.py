"""PUBLIC: for the tests of strategies. Builds the context that the engine would hand over, without a cluster."""

from typing import Any

import msgspec

from drift.core.assess import Facts, assess
from drift.core.objects import Body, Manifest, Provenance, ref_of, split_api_version
from drift.core.plan import Context
from drift.core.schema import KindSchema
from drift.kube.tables import builtin_schema

__all__ = ["context_of"]


def context_of(desired: Body, live: Body | None, **members: Any) -> Context:
    """Return what a strategy sees of an object that should be `desired` and is `live` (None: missing).

    Differences are found as the engine finds them, for built-in kinds with their schema. An addition counts as a
    person's where `live` has the managedFields that say so. `members` replace any other member of the context.
    """
    group, version = split_api_version(str(desired["apiVersion"]))
    kind = str(desired["kind"])
    schema = builtin_schema(group, version, kind) or KindSchema.unknown(str(desired["apiVersion"]), kind)
    origin = Provenance(source="files:example.yaml", revision="1")
    manifest = Manifest(ref_of(desired), str(desired["apiVersion"]), desired, origin)
    if live is not None:
        live = {**live, "metadata": {"uid": "an-uid", "resourceVersion": "1", **(live.get("metadata") or {})}}
    found = assess(manifest, live, schema, Facts())
    context = Context(
        ref=manifest.ref,
        source=origin.source,
        revision=origin.revision,
        desired=desired,
        live=live,
        schema=schema,
        differences=found.differences,
    )
    return msgspec.structs.replace(context, **members)
