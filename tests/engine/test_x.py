import json
from tests.engine.charts import full_chart, full_refs
from tests.engine.harness import edit
from tests.engine.test_edits import *
def test_x(guard, helm, namespace, folder):
    helm.install("web", full_chart(folder, namespace), namespace=namespace)
    g = guard(remediate=False)
    ref = ref_of(g, "Service")
    edit(g.plane, ref, put("/spec/ports/0/port", 81))
    print(json.dumps(g.live(ref), indent=1))
    r = g.report()
    print(json.dumps(r.document(), indent=1))
    g2=guard(user="u2")
    g2.quiet()
    print("\n".join(str(w) for w in g2.writes()))
    print(json.dumps(g.live(ref), indent=1))
    assert 0
