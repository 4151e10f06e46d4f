"""Reading the configuration file: every mistake at once, the environment wins, secrets stay out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from retail_brain.config.file import find_configuration, load_configuration
from retail_brain.errors import ConfigurationError

GOOD = """
home_region = "US"
[sources.pos]
files = ["pos.csv"]
[sources.pos.columns]
record_id = "id"
email = "mail"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "retail_brain.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    configuration = load_configuration(write(tmp_path, GOOD), {})
    assert list(configuration.sources) == ["pos"]
    assert configuration.workspace_folder == tmp_path / ".retail-brain"


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = GOOD.replace('"US"', '"America"') + 'e-mail = "x"\n[resources]\nthreads = 0\ncolour = "red"\n'
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(write(tmp_path, text), {})
    message = caught.value.message
    assert "retail_brain.toml:2: home_region" in message
    assert "retail_brain.toml:10: resources.threads" in message
    assert "retail_brain.toml:11: resources.colour: unknown key" in message


def test_a_password_in_an_invalid_environment_is_never_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(write(tmp_path, GOOD), {"POSTGRES_PASSWORD": "canary-4711", "POSTGRES_PORT": "many"})
    assert "canary-4711" not in str(caught.value)
    assert "postgres.port" in caught.value.message


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + '[postgres]\nhost = "old.internal"\n')
    configuration = load_configuration(path, {"POSTGRES_HOST": "new.internal", "POSTGRES_PASSWORD": "canary-4711"})
    assert configuration.postgres.host == "new.internal"
    assert "canary-4711" not in repr(configuration)


def test_broken_toml_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 1"):
        load_configuration(write(tmp_path, "colour = = 1"), {})


def test_a_folder_without_a_configuration_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_configuration(tmp_path)
    assert "init" in (caught.value.hint or "")


def test_addresses_and_resources_do_not_change_what_a_run_is_made_of(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    plain = load_configuration(path, {})
    moved = load_configuration(path, {"POSTGRES_HOST": "db.internal"})
    assert plain.fingerprint() == moved.fingerprint()
    other = load_configuration(write(tmp_path, GOOD.replace('"mail"', '"e_mail"')), {})
    assert other.fingerprint() != plain.fingerprint()


def test_a_password_in_the_file_is_refused_with_its_line_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(write(tmp_path, GOOD + '[postgres]\npassword = "canary-4711"\n'), {})
    assert "retail_brain.toml:9: postgres.password" in caught.value.message
    assert "canary-4711" not in caught.value.message
