"""Registers every screen."""

from __future__ import annotations

from retail_brain_cli.screens import merges, models, night, people, system

__all__ = ["merges", "models", "night", "people", "system"]
