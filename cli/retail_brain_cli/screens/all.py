"""Registers every screen."""

from __future__ import annotations

from retail_brain_cli.screens import changes, explain, loadtest, merges, models, night, people, review, system

__all__ = ["changes", "explain", "loadtest", "merges", "models", "night", "people", "review", "system"]
