"""`python -m tests.plugins.decide NAME`: what the engine decides by an installed strategy; for test_thirdparty."""

import asyncio
import sys

from drift.core.assess import Facts, assess
from drift.core.plan import summary_of
from drift.core.rules import Rule
from drift.engine.assessor import Sight
from drift.engine.decider import Decider
from drift.engine.planner import Planner
from drift.registry import Registry
from tests.core.examples import deployment, manifest, put, schema_of, served


def sight(*edits: tuple[str, object]) -> Sight:
    """A Deployment after these edits."""
    desired = deployment()
    live = served(desired)
    for pointer, value in edits:
        put(live, pointer, value)
    wanted, schema = manifest(desired), schema_of("apps/v1", "Deployment")
    return Sight(wanted, assess(wanted, live, schema, Facts()), schema, live)


async def decide(name: str) -> None:
    strategies = {name: Registry().strategy(name)}
    decider = Decider(strategies, (Rule(strategy=name),), Planner(trusted=frozenset()))
    image = ("/spec/template/spec/containers/0/image", "nginx:2")
    for seen in (sight(image), sight(image, ("/spec/replicas", 5))):
        decision = await decider.decide(seen, manager="daytwo")
        print(decision.hold.message if decision.hold else "; ".join(summary_of(decision.plan)))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(decide(sys.argv[1]))
