"""One sweep: generate, create, look, edit, look, repair. Collects what is wrong instead of stopping at it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from drift.core.assess import Assessment, State
from drift.core.errors import ClusterError
from drift.core.objects import ObjectRef, ref_of
from tests.controlplane import ControlPlane
from tests.fidelity.changes import changes
from tests.fidelity.generate import generated
from tests.fidelity.look import FORMS, looked
from tests.fidelity.modes import make
from tests.fidelity.mutate import Mutation, Mutator
from tests.fidelity.repair import Repairer
from tests.fidelity.server import Json, Server, at_once, serving
from tests.fidelity.setup import GROUP, make_namespaces
from tests.fidelity.verdict import CONTROLLER, HUMAN, Edited, faults

Edit = tuple[str, str]
EDITS: tuple[Edit, ...] = (("declared", HUMAN), ("undeclared", HUMAN), ("default", HUMAN), ("undeclared", CONTROLLER))
_TRIES = 6


@dataclass
class Findings:
    """Numbers, and every fault in words."""

    seed: int
    mode: str
    generated: int = 0
    accepted: int = 0
    kinds: set[str] = field(default_factory=set)
    edits: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    limits: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        edits = ", ".join(f"{number} {name}" for name, number in sorted(self.edits.items()))
        limits = ", ".join(f"{number} {name}" for name, number in sorted(self.limits.items()))
        return (
            f"seed {self.seed} {self.mode}: {self.accepted} of {self.generated} objects of {len(self.kinds)} kinds; "
            f"edits: {edits or 'none'}; {len(self.refused)} repairs refused; {limits}; {len(self.faults)} faults"
        )


class Sweep:
    """The objects of one seed, created in one mode."""

    def __init__(self, plane: ControlPlane, server: Server, seed: int, mode: str) -> None:
        self._plane = plane
        self._server = server
        self._tag = f"s{seed}-{mode}"
        self._manager = "helm" if mode == "ssa" else "daytwo"
        self.pairs: dict[ObjectRef, tuple[Json, Json]] = {}
        self.found = Findings(seed, mode)

    async def create(self) -> None:
        make_namespaces(self._plane, self._tag)
        desired = await generated(self._server, self.found.seed, self._tag)
        await make(self.found.mode, self._plane, self._server, desired)
        live = await at_once(self._server.get(body) for body in desired)
        self.pairs = {ref_of(body): (body, now) for body, now in zip(desired, live, strict=True) if now is not None}
        self.found.generated, self.found.accepted = len(desired), len(self.pairs)
        self.found.kinds = {f"{ref.kind}.{ref.group}" for ref in self.pairs}

    async def look(self, form: str) -> dict[ObjectRef, Assessment]:
        desired, live = [one for one, _ in self.pairs.values()], [one for _, one in self.pairs.values()]
        return await looked(form, self._server, desired, live, self._manager)

    async def fresh(self) -> None:
        """Nothing was changed: no form of the comparer may see a drift."""
        for form in FORMS:
            for item in (await self.look(form)).values():
                if form == "offline" and item.state is State.UNKNOWN and item.ref.group == GROUP:
                    self.found.limits["unknown offline"] += 1  # no schema of custom kinds ships
                elif item.state is not State.IN_SYNC:
                    told = [f"{one.op} {one.path} {one.desired!r} -> {one.live!r}" for one in item.differences]
                    self.found.faults.append(f"{form}: {item.ref} {item.state} {item.message} {told}")

    async def edited(self, kind: str, manager: str, number: int) -> None:
        """One edit of each object by somebody, told and repaired."""
        edits = [one for one in await at_once(self._edit(ref, kind, manager, number) for ref in self.pairs) if one]
        self.found.edits[f"{kind} by {manager}"] += len(edits)
        self.pairs |= {ref_of(one.desired): (one.desired, one.after) for one in edits}
        told = await self.look("read-only")
        for one in edits:
            item = told[ref_of(one.desired)]
            self.found.faults += [f"{item.ref} {one.mutation}: {fault}" for fault in faults(one, item)]
        await self._repaired(edits)

    async def _edit(self, ref: ObjectRef, kind: str, manager: str, number: int) -> Edited | None:
        desired, live = self.pairs[ref]
        random = Random(f"{self.found.seed}/{kind}/{manager}/{number}/{ref.kind}/{ref.name}")  # noqa: S311
        schema = await self._server.schema(desired)
        mutator = Mutator(self._server, random)
        if kind == "declared":
            proposals = mutator.of_declared(desired, live, schema, _TRIES)
        elif kind == "default":
            proposals = mutator.of_defaults(live, desired, schema, _TRIES)
        else:
            proposals = mutator.of_undeclared(live, desired, schema, _TRIES)
        return await self._first(desired, live, proposals, manager)

    async def _first(self, desired: Json, live: Json, proposals: Sequence[Mutation], manager: str) -> Edited | None:
        """The first edit that the server takes and that changes something."""
        for mutation in proposals:
            try:
                after = await self._server.patch(desired, list(mutation.operations), manager)
            except ClusterError:
                continue
            edited = Edited.of(desired, live, after, mutation, manager)
            if edited.changed:
                return edited
        return None

    async def _repaired(self, edits: Sequence[Edited]) -> None:
        repairer = Repairer(self._server, self._manager)
        answers = await at_once(repairer.faults(one) for one in edits)
        for one, wrong in zip(edits, answers, strict=True):
            ref = ref_of(one.desired)
            self.found.faults += [f"{ref} {one.mutation} by {one.manager}, repair: {fault}" for fault in wrong or ()]
            live = await self._server.get(one.desired)
            if wrong is None or live is None or _left_behind(one, live):
                del self.pairs[ref]  # it stays as it is: no further edit could be told apart
            else:
                self.pairs[ref] = (one.desired, live)
        self.found.refused += repairer.refused


def _left_behind(edited: Edited, live: Json) -> bool:
    """An owner reference that a person added is a note: it stays, and shifts the others."""
    return any(path[:2] == ("metadata", "ownerReferences") for path in changes(edited.before, live))


async def sweep(plane: ControlPlane, seed: int, mode: str, rounds: int, edits: Sequence[Edit] = EDITS) -> Findings:
    """Everything of one seed in one mode; each round makes each of these edits to every object."""
    async with serving(plane.admin_kubeconfig) as server:
        one = Sweep(plane, server, seed, mode)
        await one.create()
        await one.fresh()
        for number in range(rounds):
            for kind, manager in edits:
                await one.edited(kind, manager, number)
        return one.found
