"""A shop with four backups to damage: an older and a newer one, in plain and encrypted, and what a check says of a copy."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from townsfolk import people, person

from retail_brain.backup import check, encrypt, manifest, scan
from retail_brain.backup.manifest import NAME, FileEntry, read_manifest
from retail_brain.backup.tool import find_tools
from retail_brain.desk.backups import embedded_folder
from retail_brain.errors import RetailBrainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop

FLAVOURS = ("plain", "encrypted")


@dataclass(frozen=True, kw_only=True)
class Town:
    """The shop, and its backups by flavour."""

    shop: Shop
    newer: dict[str, Path]
    elder: dict[str, Path]

    @property
    def target(self) -> Path:
        """The folder in which copies of backups are damaged; `here` names the configuration that looks there."""
        return self.shop.folder / "damaged"

    @property
    def here(self) -> tuple[str, ...]:
        """The options that make a command look at the damaged copies."""
        return "--config", "damaged.toml"

    @property
    def key(self) -> Path:
        """The identity file."""
        return self.shop.folder / "backup.key"

    def copy(self, flavour: str, only: str = "") -> Path:
        """Return a fresh copy of the newer backup, alone in the target; where one file alone is to be damaged, the others are
        its own files once more."""
        if self.target.exists():
            shutil.rmtree(self.target)
        source = self.newer[flavour]
        copied = shutil.copytree(source, self.target / source.name, copy_function=os.link if only else shutil.copy2)
        if only:
            (copied / only).unlink()
            shutil.copy2(source / only, copied / only)
        return copied


def make_town(make_shop: Callable[[str], Shop], name: str) -> Town:
    """Make the shop and its backups."""
    shop = make_shop(name)
    shop.deliver("pos.csv", *people(*range(1, 60)))
    shop.deliver("crm.csv", *[person(number, city="Northport") for number in range(1, 20)])
    shop.must("init", ".")
    public = shop.must("backup", "key", "create", "backup.key")["recipient"]
    bare = (shop.folder / "retail_brain.toml").read_text(encoding="utf-8")
    lines = {"plain": 'folder = "plain"', "encrypted": f'folder = "encrypted"\nrecipients = ["{public}"]'}
    for flavour in FLAVOURS:
        (shop.folder / f"{flavour}.toml").write_text(f"{bare}\n[backup]\n{lines[flavour]}\n", encoding="utf-8")
    (shop.folder / "damaged.toml").write_text(f'{bare}\n[backup]\nfolder = "damaged"\n', encoding="utf-8")
    shop.must("run")
    elder = {flavour: _create(shop, flavour) for flavour in FLAVOURS}
    shop.deliver("pos_2.csv", *people(*range(60, 70)))
    shop.must("run", "--config", "encrypted.toml")
    newer = {flavour: _create(shop, flavour) for flavour in FLAVOURS}
    return Town(shop=shop, newer=newer, elder=elder)


def _create(shop: Shop, flavour: str) -> Path:
    return Path(shop.must("backup", "create", "--new-target", "--config", f"{flavour}.toml")["path"])


def kinds(folder: Path) -> dict[str, str]:
    """Return one file of every kind that the manifest covers, and itself."""
    told = read_manifest(folder)
    names, ending = [entry.name for entry in told.files], encrypt.SUFFIX if told.encrypted else ""
    by_rows = sorted((table.rows, table.file) for table in told.tables)

    def of_model(name: str) -> str:
        return next(one for one in names if one.startswith("models/") and one.endswith(name + ending))

    return {
        "table of contents": f"dump/toc.dat{ending}", "largest table": by_rows[-1][1] + ending,
        "empty table": by_rows[0][1] + ending, "roles": f"globals.sql{ending}",
        "configuration": f"configuration.toml{ending}", "model": of_model("model.json"), "note": of_model("note.json"),
        "frequencies": of_model(".parquet"), "model in use": of_model("in_use"), "manifest": NAME,
    }  # fmt: skip


def found(folder: Path, *, key: Path | None = None, decode: bool = False) -> str:
    """Return what a check says, by the manifest as it is read from the disk."""
    tools = find_tools(18, embedded=embedded_folder()) if decode else None
    try:
        told = read_manifest(folder)
        problems = check.check_files(folder, told, tools=tools)
        if tools is not None and told.encrypted and not problems:
            assert key is not None
            with encrypt.opened(folder, encrypt.read_identities(key), scratch=folder.parent / "scratch") as plain:
                problems = check.check_contents(plain, told, tools)
        return "\n".join(problems)
    except RetailBrainError as error:
        return error.message


def recomputed(folder: Path) -> None:
    """Write a manifest that fits the files as they are now."""
    files = scan.scan(folder, unpack=False).files.values()
    entries = tuple(FileEntry(name=file.name, size=file.size, sha256=file.sha256) for file in files)
    (folder / NAME).write_text(replace(read_manifest(folder), files=entries).text(), encoding="utf-8")


def manifest_as(folder: Path, **changes: object) -> None:
    """Write a manifest with other values whose hash fits them."""
    body = {**json.loads((folder / NAME).read_bytes()), **changes}
    del body["digest"]
    text = manifest._written({**body, "digest": manifest._digest(body)})
    (folder / NAME).write_text(text, encoding="utf-8")
