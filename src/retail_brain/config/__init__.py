"""The configuration: one module a section, written beside the room that it configures, and `file`, which reads them all.

Sections import nothing but `model` and `errors`, so that a stage can take its own section and know no other.
"""

from __future__ import annotations
