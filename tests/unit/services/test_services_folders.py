from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from retail_brain.errors import ConfigurationError, ServiceError
from retail_brain.services import folders as module
from retail_brain.services.account import ServerAccount
from retail_brain.services.folders import is_alive, service_folders, take_lock


@pytest.fixture
def short() -> Path:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch, short: Path) -> ServerAccount:
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    return ServerAccount(uid=os.geteuid(), gid=os.getegid(), client_name="me")


def test_a_socket_fits_however_long_the_path_of_the_workspace(tmp_path: Path, caller: ServerAccount) -> None:
    folders = service_folders(tmp_path / ("a very long name " * 8) / ("and on " * 20))
    folders.prepare()
    sockets = folders.make_sockets(caller)
    assert len(os.fsencode(sockets / ".s.PGSQL.5432.lock")) < 100
    assert sockets.stat().st_mode & 0o777 == 0o700


def test_two_workspaces_have_two_folders_for_sockets(tmp_path: Path, caller: ServerAccount) -> None:
    places = []
    for name in ("one", "two"):
        folders = service_folders(tmp_path / name)
        folders.prepare()
        places.append(folders.make_sockets(caller))
    assert places[0] != places[1]


def test_the_sockets_of_a_deleted_workspace_are_tidied_away(tmp_path: Path, caller: ServerAccount) -> None:
    places = []
    for name in ("kept", "deleted", "new"):
        folders = service_folders(tmp_path / name)
        folders.prepare()
        places.append(folders.make_sockets(caller))
        if name == "deleted":
            shutil.rmtree(folders.root)
    assert [place.exists() for place in places] == [True, False, True]


def test_a_link_in_the_place_of_the_private_folder_is_refused(
    tmp_path: Path, caller: ServerAccount, short: Path
) -> None:
    (short / f"retail-brain-{os.geteuid()}").symlink_to(tmp_path)
    folders = service_folders(tmp_path / "workspace")
    folders.prepare()
    with pytest.raises(ServiceError, match="not a folder of"):
        folders.make_sockets(caller)


def test_a_private_folder_that_others_can_write_is_refused(tmp_path: Path, caller: ServerAccount, short: Path) -> None:
    base = short / f"retail-brain-{os.geteuid()}"
    base.mkdir()
    base.chmod(0o777)
    folders = service_folders(tmp_path / "workspace")
    folders.prepare()
    with pytest.raises(ServiceError):
        folders.make_sockets(caller)


def test_the_servers_of_another_user_are_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = service_folders(tmp_path)
    folders.prepare()
    monkeypatch.setattr(module.os, "geteuid", lambda: folders.root.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="belong to the user"):
        folders.check_owner()


def test_a_lock_tells_whether_its_holder_lives(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_alive(lock)
    held = take_lock(lock)
    assert is_alive(lock)
    os.close(held)
    assert not is_alive(lock)
