"""Contexts as the engine hands them to strategies: an object, what somebody did to it, and the differences found."""

from typing import Any

import msgspec

from drift.core.assess import Facts, assess
from drift.strategy import Context, NoSettings
from tests.core.examples import body, deployment, managed, manifest, put, schema_of, served

NONE = NoSettings()
IMAGE = "/spec/template/spec/containers/0/image"


def context(desired: Any, live: Any, **members: Any) -> Context:
    """What is known of an object that should be `desired` and is `live` (None: gone)."""
    schema = schema_of(desired["apiVersion"], desired["kind"])
    wanted = manifest(desired, members.pop("source", "helm:shop/web"))
    found = assess(wanted, live, schema, Facts())
    known = Context(
        ref=wanted.ref,
        source=wanted.provenance.source,
        revision=wanted.provenance.revision,
        desired=desired,
        live=live,
        schema=schema,
        differences=found.differences,
    )
    return msgspec.structs.replace(known, **members)


def edited(desired: Any = None, pointer: str = IMAGE, value: Any = "nginx:2", **members: Any) -> Context:
    """An object (a Deployment unless given) of which one declared field was changed."""
    desired = deployment() if desired is None else desired
    live = served(desired)
    put(live, pointer, value)
    return context(desired, live, **members)


def scaled_and_extended() -> Context:
    """A Deployment that a person scaled and gave another variable and another label."""
    desired = deployment(container={"env": [{"name": "A", "value": "1"}]})
    live = served(desired)
    live["spec"]["replicas"] = 5
    live["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "B", "value": "y"})
    variable: Any = {"f:env": {'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}}}
    containers = {"f:containers": {'k:{"name":"web"}': variable}}
    fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": containers}}}
    live["metadata"]["managedFields"] = [managed("kubectl-edit", fields)]
    return context(desired, live)


def secret() -> Any:
    return body("v1", "Secret", data={"password": "aHVudGVyMg=="}, type="Opaque")


def missing(desired: Any = None, **members: Any) -> Context:
    return context(deployment() if desired is None else desired, None, **members)
