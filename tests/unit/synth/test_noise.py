"""Noise of made-up exports: what is said on a command line is what goes wrong in the files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.synth import NoiseSettings, write_exports

if TYPE_CHECKING:
    from collections.abc import Callable

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "synthetic-data.md"
QUIET = {**asdict(NoiseSettings.none()), "night_new": 0.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Exports of 5,000 records in which nothing goes wrong but what is given."""

    def make(**noise: float) -> Path:
        folder = tmp_path_factory.mktemp("noise")
        write_exports(folder, records=5000, seed=4, noise=NoiseSettings(**{**QUIET, **noise}))
        return folder

    return make


def ask(folder: Path, query: str) -> float:
    members = f"(from '{folder}/loyalty.parquet')"
    people = f"(from read_csv('{folder}/truth.csv', all_varchar=true) where source = 'loyalty')"
    with duckdb.connect() as con:
        (value,) = con.execute(query.format(members=members, people=people)).fetchone() or (0.0,)
    return float(value)


@pytest.fixture(scope="module")
def plain(made: Callable[..., Path]) -> Path:
    return made()


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_typing_errors_stand_in_as_many_names_as_was_asked_for(
    made: Callable[..., Path], plain: Path, share: float
) -> None:
    folder = made(typing_errors=share)
    differing = ask(
        folder,
        f"select avg((a.last_name <> b.last_name)::integer) from {{members}} a join '{plain}/loyalty.parquet' b using (member_id)",
    )
    assert differing == pytest.approx(
        0.75 * share, rel=0.25
    )  # three in four records were typed carelessly; some slips show nothing


def test_gaps_grow_with_missing(made: Callable[..., Path], plain: Path) -> None:
    empty = "select avg((email is null)::integer) from {members}"
    assert ask(plain, empty) == 0
    assert ask(made(missing=1.0), empty) == pytest.approx(0.25, abs=0.04)
    assert ask(made(missing=2.0), empty) == pytest.approx(0.50, abs=0.04)


def test_second_records_are_as_many_as_was_asked_for(made: Callable[..., Path], plain: Path) -> None:
    twice = "select avg((n - 1)::double) from (select count(*) as n from {people} group by person_id)"
    assert ask(plain, twice) == 0
    assert ask(made(second_records=0.5), twice) == pytest.approx(0.5 * 0.4, abs=0.06)


def test_placeholders_stand_where_a_field_would_be_empty(made: Callable[..., Path]) -> None:
    folder = made(missing=1.0, placeholders=0.4)
    share = "select avg((email in ('noreply@shop.example', 'test@test.com'))::integer) from {members}"
    assert ask(folder, share) == pytest.approx(0.25 * 0.4, abs=0.03)


def test_settings_are_read_from_words_and_files_and_the_last_one_counts(tmp_path: Path) -> None:
    file = tmp_path / "bad day.toml"
    file.write_text("typing_errors = 0.3\nrows_with_bad_bytes = 2\n")
    found = NoiseSettings.parse(["typing_errors=0.1", str(file), "twins=0.5"])
    assert (found.typing_errors, found.rows_with_bad_bytes, found.twins) == (0.3, 2, 0.5)
    assert NoiseSettings.parse([]) == NoiseSettings()
    assert NoiseSettings.parse(["twins=0.5", "none", "moves=0.2"]) == NoiseSettings(
        **{**asdict(NoiseSettings.none()), "moves": 0.2}
    )


@pytest.mark.parametrize(
    "text",
    [
        "typos=0.1",
        "twins",
        "twins=",
        "twins=1.5",
        "twins=-0.1",
        "twins=nan",
        "missing=11",
        "rows_with_bad_bytes=1.5",
        "no.toml",
        "",
    ],
)
def test_settings_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        NoiseSettings.parse([text])


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("typing_errors = often")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        NoiseSettings.parse([str(tmp_path / "a.toml")])


def test_the_help_and_the_how_to_name_every_kind_of_noise_with_its_default() -> None:
    from retail_brain_cli.commands.data import NOISE_NAMES

    settings = asdict(NoiseSettings())
    assert NOISE_NAMES.split(", ") == list(settings)
    page = HOW_TO.read_text(encoding="utf-8")
    for name, default in settings.items():
        assert f"| `{name}` | {default:g} |" in page, name
