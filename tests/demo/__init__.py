"""`make demo`: the main job, played on a control plane of its own."""
