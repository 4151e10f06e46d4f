"""The desk: what a person does. Look up, explain, export, check; later undo, join, review, approve.

One function per act. Each opens the stores, asks the rooms that know, and returns a frozen result.
"""

from __future__ import annotations
