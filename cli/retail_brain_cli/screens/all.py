"""Registers every screen."""

from __future__ import annotations

from retail_brain_cli.screens import (
    arrival,
    backups,
    changes,
    explain,
    journal,
    loadtest,
    merges,
    models,
    night,
    offsite,
    people,
    recovery,
    revert,
    review,
    system,
)

__all__ = [
    "arrival",
    "backups",
    "changes",
    "explain",
    "journal",
    "loadtest",
    "merges",
    "models",
    "night",
    "offsite",
    "people",
    "recovery",
    "revert",
    "review",
    "system",
]
