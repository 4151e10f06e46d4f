"""Where backups go, how long they stay, who can read them, and how much of the machine making one may take."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _public_key(text: str) -> str:
    if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", text):
        raise ValueError("is no age public key; one begins with age1 and has 62 characters")
    return text


class OffsiteSettings(BaseModel):
    """Where a second copy of each backup goes. Keys come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        description="the place of the copies: s3://BUCKET/FOLDER for S3 and what speaks like it, file:///FOLDER for another disk; by default there are none",
    )
    endpoint: str | None = Field(default=None, description="address of a store that is not Amazon's: https://HOST")
    region: str = Field(default="us-east-1", min_length=1, description="region of the bucket")
    tls_ca_file: str | None = Field(
        default=None,
        description="certificates of the authority that signed the endpoint's, in PEM, besides the system's; relative to the configuration file",
    )
    plain_http: bool = Field(
        default=False,
        description="allow an endpoint without TLS elsewhere than on this machine; nothing protects what is sent",
    )
    patience_s: float = Field(
        default=120.0,
        gt=0,
        description="how long a store that fails or does not answer is tried again; a part of 8 MB may take half of it",
    )

    @model_validator(mode="after")
    def _check_addresses(self) -> OffsiteSettings:
        """Refuse addresses that carry a password, lead nowhere, or would send everything in the clear."""
        url, endpoint = urlsplit(self.url or ""), urlsplit(self.endpoint or "")
        if "@" in url.netloc or "@" in endpoint.netloc:
            raise ValueError("no user and no password in an address; they come from the environment")
        if self.url is not None and not (_is_bucket(self.url) or re.fullmatch(r"file:///[^?#]+", self.url)):
            raise ValueError("url must be s3://BUCKET/FOLDER or file:///FOLDER")
        if self.endpoint is not None and (endpoint.scheme not in ("https", "http") or not endpoint.hostname):
            raise ValueError("endpoint must be https://HOST")
        if endpoint.scheme == "http" and not (self.plain_http or _is_this_machine(endpoint.hostname or "")):
            raise ValueError("endpoint must be https://HOST; plain_http = true allows one without TLS")
        return self


def _is_bucket(url: str) -> bool:
    return re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^?#]*)?", url) is not None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    journal: bool = Field(
        default=True,
        description="from the first `backup create` on, have decisions, single records and delivered files beside the backups before a command says done",
    )
    recipients: tuple[Annotated[str, AfterValidator(_public_key)], ...] = Field(
        default=(),
        description="public keys of age (age1…); whoever holds one of their identities can read the backups. Without any they are not encrypted",
    )
    restore_check: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="whether `backup create` also restores what it made into a scratch database and compares it: auto does where the dump is below restore_check_below_mb, and leaves larger ones to `backup verify --restore` every night",
    )
    restore_check_below_mb: int = Field(
        default=256,
        ge=0,
        description="size of a dump, in MB as it lies on the disk, from which auto restores it no more",
    )
    offsite: OffsiteSettings = Field(default_factory=OffsiteSettings)
