"""Registers every screen."""

from __future__ import annotations

from retail_brain_cli.screens import models, night, people, system

__all__ = ["models", "night", "people", "system"]
