"""One module a noun; each command reads its options, calls one library function and shows one result."""

from __future__ import annotations
