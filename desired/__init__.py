"""Sources of desired state: Helm releases, charts, files."""
