"""The command line of Retail Brain: parses, shows and exits; everything else is the library's."""

from __future__ import annotations
