"""The ways in which Retail Brain fails, one kind for each thing that a caller may have to do about it.

The library knows errors, the command line knows exit codes. A message says what happened, a hint says what to do
next; neither ever holds a customer's data. This module imports nothing of ours, so that every room can raise.
"""

from __future__ import annotations


class RetailBrainError(Exception):
    """Something that the user can understand and act on."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(RetailBrainError):
    """The command or the configuration has to be changed."""


class GoneError(ConfigurationError):
    """The key was good once; what it named has ended, as the sources say: a true answer, and the end of the way."""


class InputError(RetailBrainError):
    """The delivered data was refused; nothing was changed."""


class ServiceError(RetailBrainError):
    """PostgreSQL, Redis or pg_dump does not answer; trying again may help."""


class RefusedError(RetailBrainError):
    """A safety rule said no: a held run, a changed state, a target that is not empty."""


class StateMovedError(RefusedError):
    """Somebody changed what this was made from; nothing was changed, and it can be made anew."""


class IntegrityError(RetailBrainError):
    """A check after the work failed: checksum, row counts, log seal."""


class LockedError(RetailBrainError):
    """Another run holds the lock."""


class ResourceError(RetailBrainError):
    """Out of disk or memory; nothing half-done is visible."""
