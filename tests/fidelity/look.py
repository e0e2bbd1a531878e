"""The comparer in its three forms: read-only with the live OpenAPI, offline with the shipped tables, with the judge."""

from collections.abc import AsyncIterator, Sequence

from drift.cluster import Cluster
from drift.core.assess import Assessment
from drift.core.objects import Manifest, ObjectRef, Provenance, ref_of
from drift.engine.assessor import Options
from drift.engine.auditor import Auditor
from drift.kube.dump import DumpCluster
from drift.source import DesiredState, Hold, Problem, Revision
from tests.fidelity.server import Json, Server

FORMS = ("read-only", "offline", "judged")


class Objects:
    """A source that is a list of objects."""

    def __init__(self, objects: Sequence[Json], manager: str) -> None:
        self.state = DesiredState("fidelity", "1", tuple(manifest(body) for body in objects), manager=manager)

    @property
    def name(self) -> str:
        return "fidelity"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        return (self.state,)

    async def follow(self) -> AsyncIterator[Revision]:
        yield self.state

    async def still_current(self, state: DesiredState) -> Hold | None:
        del state
        return None


def manifest(body: Json) -> Manifest:
    return Manifest(ref_of(body), body["apiVersion"], body, Provenance("fidelity", "1"))


async def looked(
    form: str, server: Server, desired: Sequence[Json], live: Sequence[Json], manager: str
) -> dict[ObjectRef, Assessment]:
    """What one form of the comparer says of each object."""
    cluster: Cluster = server.cluster
    if form == "offline":
        cluster = DumpCluster(live, name="dump")
    options = Options(judge=form == "judged")
    report = await Auditor(cluster, options).check([Objects(desired, manager)])
    assert not report.problems
    return {item.ref: item for item in report.assessments}
