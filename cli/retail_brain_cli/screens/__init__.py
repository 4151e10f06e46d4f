"""Screens: how each result of the library looks to a person, in 80 columns."""

from __future__ import annotations
