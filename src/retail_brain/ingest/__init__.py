"""Deliveries claimed and read into `delivered_row`, what could not be read put aside, and columns recognised for `init`."""

from __future__ import annotations
