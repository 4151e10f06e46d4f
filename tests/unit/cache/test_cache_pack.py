from __future__ import annotations

import uuid

import hiredis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail_brain.cache.pack import pack_documents, slices


def _commands(packed: memoryview) -> list[list[bytes]]:
    reader = hiredis.Reader()
    reader.feed(bytes(packed))
    commands = []
    while (command := reader.gets()) is not False:
        commands.append(command)
    return commands


@given(st.lists(st.text()), st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
def test_any_text_arrives_as_it_was(documents: list[str], kind: pa.DataType) -> None:
    ids = [str(uuid.uuid4()) for _ in documents]
    batch = pa.record_batch([pa.array(ids, kind), pa.array(documents, kind)], names=["profile_id", "document"])
    packed, count = pack_documents(batch, prefix="rb:1-a:profile:", expiry_s=60)
    expected = [
        [b"SET", f"rb:1-a:profile:{key}".encode(), document.encode(), b"EX", b"60"]
        for key, document in zip(ids, documents, strict=True)
    ]
    assert _commands(packed) == expected
    assert count == len(documents)


def test_a_row_without_a_document_is_left_out() -> None:
    batch = pa.record_batch([pa.array(["a", "b"]), pa.array([None, "{}"])], names=["profile_id", "document"])
    packed, count = pack_documents(batch, prefix="p:", expiry_s=1)
    assert count == 1
    assert [command[1] for command in _commands(packed)] == [b"p:b"]


@pytest.mark.parametrize("most_bytes", [1, 100, 10_000_000])
def test_slices_hold_every_row_once(most_bytes: int) -> None:
    batch = pa.record_batch([pa.array([str(i) for i in range(100)]), pa.array(["x" * 50] * 100)], names=["k", "d"])
    parts = list(slices(batch, most_bytes))
    assert [row for part in parts for row in part.column(0).to_pylist()] == [str(i) for i in range(100)]


def test_a_slice_packs_its_own_rows_only() -> None:
    batch = pa.record_batch([pa.array(["a", "b", "c"]), pa.array(["1", "2", "3"])], names=["k", "d"])
    packed, _ = pack_documents(batch.slice(1, 1), prefix="", expiry_s=1)
    assert [command[1:3] for command in _commands(packed)] == [[b"b", b"2"]]
