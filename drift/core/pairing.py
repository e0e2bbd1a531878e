"""desired x live: which declared objects exist, which are missing, and what two sources both claim."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import msgspec

from drift.core.objects import Manifest, ObjectRef, Role

Live = TypeVar("Live")


def with_former(manifests: Iterable[Manifest], former: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Put what the revision before declared beside what this one does; objects it dropped come with role DROPPED."""
    before = {manifest.ref: manifest for manifest in former}
    result = []
    for manifest in manifests:
        old = before.pop(manifest.ref, None)
        changed = old is not None and old.body != manifest.body
        result.append(msgspec.structs.replace(manifest, former=old.body) if old and changed else manifest)
    dropped = (msgspec.structs.replace(manifest, role=Role.DROPPED) for manifest in before.values())
    return (*result, *dropped)


class Pairing(msgspec.Struct, Generic[Live], frozen=True, eq=False):
    """`matched`: (desired, live); `missing`: desired without live."""

    matched: tuple[tuple[Manifest, Live], ...]
    missing: tuple[Manifest, ...]


def pair(desired: Iterable[Manifest], live: Mapping[ObjectRef, Live]) -> Pairing[Live]:
    """Pair by identity; `live` must be complete for the kinds and namespaces of `desired`."""
    matched, missing = [], []
    for manifest in desired:
        if manifest.ref in live:
            matched.append((manifest, live[manifest.ref]))
        else:
            missing.append(manifest)
    return Pairing(tuple(matched), tuple(missing))


def claimed_twice(desired: Iterable[Manifest]) -> dict[ObjectRef, tuple[str, ...]]:
    """Objects that more than one source declares, with the names of the sources (promise P12)."""
    claims: dict[ObjectRef, list[str]] = {}
    for manifest in desired:
        if manifest.role is not Role.DECLARED:
            continue  # dropped: nobody wants it; from crds/: releases of one chart share it
        sources = claims.setdefault(manifest.ref, [])
        if manifest.provenance.source not in sources:
            sources.append(manifest.provenance.source)
    return {ref: tuple(sorted(sources)) for ref, sources in claims.items() if len(sources) > 1}
