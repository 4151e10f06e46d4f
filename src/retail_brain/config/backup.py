"""Where backups go, how long they stay, and how much of the machine making one may take."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _public_key(text: str) -> str:
    if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", text):
        raise ValueError("is no age public key; one begins with age1 and has 62 characters")
    return text


class BackupSettings(BaseModel):
    """The backups."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(
        default="backups",
        min_length=1,
        description="the target: the folder of the backups, relative to the configuration file; best on another disk",
    )
    keep_days: int = Field(default=30, ge=1, description="how long `backup prune` keeps a backup, in days")
    keep_least: int = Field(
        default=7, ge=1, description="a backup is pruned only while at least so many newer verified ones are there"
    )
    jobs: int = Field(default=2, ge=1, le=32, description="tables that pg_dump and pg_restore work on at the same time")
    recipients: tuple[Annotated[str, AfterValidator(_public_key)], ...] = Field(
        default=(),
        description="public keys of age (age1…); whoever holds one of their identities can read the backups. Without any they are not encrypted",
    )
    journal: bool = Field(
        default=True,
        description="from the first `backup create` on, have decisions, single records and delivered files beside the backups before a command says done",
    )
