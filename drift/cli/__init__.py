"""The click commands: the only place that reads argv, environment and terminal."""
