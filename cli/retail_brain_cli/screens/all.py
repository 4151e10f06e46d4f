"""Registers every screen."""

from __future__ import annotations

from retail_brain_cli.screens import arrival, changes, explain, loadtest, merges, models, night, people, review, system

__all__ = ["arrival", "changes", "explain", "loadtest", "merges", "models", "night", "people", "review", "system"]
