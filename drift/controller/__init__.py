"""The in-cluster controller: custom resources become guards, and what they find becomes their status."""
