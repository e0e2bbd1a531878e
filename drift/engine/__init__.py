"""Queue, informer, reconciler, executor and auditor: the shell around the pure core."""
