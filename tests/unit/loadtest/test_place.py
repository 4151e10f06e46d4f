"""Where a load test takes place: never in a workspace that the configuration beside the data names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.loadtest.place import own_place
from retail_brain.loadtest.plan import LoadPlan
from retail_brain.model import no_progress

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_data_with_a_configuration_is_taken_into_a_workspace_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTGRES_HOST", raising=False)
    monkeypatch.delenv("REDIS_HOST", raising=False)
    data, elsewhere, own = tmp_path / "data", tmp_path / "production", tmp_path / "own"
    for night in (1, 2, 3):
        (data / f"night{night}").mkdir(parents=True)
        (data / f"night{night}" / "truth.csv").touch()
    text = f'[workspace]\nfolder = "{elsewhere}"\n[sources.pos]\nfiles = ["pos*.csv"]\n[sources.pos.columns]\nrecord_id = "customer_no"\n'
    (data / "retail_brain.toml").write_text(text, encoding="utf-8")
    with own_place(LoadPlan(data=data, workspace=own), no_progress) as place:
        assert place.config.workspace_folder.is_relative_to(own)
        assert list(place.config.sources) == ["pos"]
        assert place.nights == tuple(data / f"night{number}" for number in (1, 2, 3))
        assert place.truth == data / "night2" / "truth.csv"
    assert not elsewhere.exists()
    assert own.is_dir(), "a workspace that was named is kept"
