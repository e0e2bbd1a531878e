"""Speaks to the outside that is no API server: alerts, hooks, notifications."""
