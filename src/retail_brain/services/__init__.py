"""The embedded PostgreSQL and Valkey: started on first use, left running between commands, stopped on request.

A newcomer needs no server and a production site has its own; this room makes both look like two addresses. It knows
processes, folders and sockets, and nothing of tables or keys. `lifecycle` is the door; `postgres` and `valkey` know
their server, `account`, `binaries` and `folders` what the operating system wants.
"""

from __future__ import annotations

from retail_brain.services.lifecycle import (
    ServiceAddresses,
    ServiceStatusResult,
    StopResult,
    ensure_services,
    find_services,
    service_status,
    stop_services,
)

__all__ = [
    "ServiceAddresses",
    "ServiceStatusResult",
    "StopResult",
    "ensure_services",
    "find_services",
    "service_status",
    "stop_services",
]
