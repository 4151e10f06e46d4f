"""Before a night that changes much is published, the embedded server's files are read in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import pq
from townsfolk import people

from retail_brain.config.file import load_configuration
from retail_brain.pipeline.readahead import TABLES, read_ahead
from retail_brain.pipeline.stores import open_stores

if TYPE_CHECKING:
    import pytest

    from shop import Shop


def test_every_file_of_the_large_tables_and_their_indexes_is_read_where_it_pays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver("pos.csv", *people(*range(30)))
    shop.must("init", ".")
    shop.must("run")
    seen: list[str] = []
    monkeypatch.setattr("retail_brain.pipeline.readahead._read", lambda path, _room: seen.append(path.name))
    with open_stores(load_configuration(shop.folder / "retail_brain.toml")) as stores:
        assert read_ahead(stores, 0) is None
        thread = read_ahead(stores, 1_000)
        assert thread is not None
        assert stores.pg.info.transaction_status == pq.TransactionStatus.IDLE
        thread.join(30)
        wanted = stores.pg.execute(
            "select relfilenode::text from pg_class where oid = any(%s::text[]::regclass[])"
            " or oid in (select indexrelid from pg_index where indrelid = any(%s::text[]::regclass[]))",
            [list(TABLES), list(TABLES)],
        ).fetchall()
    assert len(wanted) > 12
    assert {name for (name,) in wanted} <= set(seen)
