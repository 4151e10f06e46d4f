"""Retail Brain: identity resolution that a retailer can run every night, trust, and undo.

The library computes and returns; it never prints and never exits. Two doors lead in: `pipeline` (the night) and
`desk` (what a person does). The command line is a package of its own, `retail_brain_cli`.
"""

from __future__ import annotations

__version__ = "0.1.0"
