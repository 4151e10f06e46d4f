from __future__ import annotations

from pathlib import Path

from retail_brain.config.services import ServicesSettings
from retail_brain.services.postgres import configuration_text


def _values(sockets: str = "/tmp/x") -> dict[str, str]:
    lines = configuration_text(ServicesSettings(), Path(sockets)).splitlines()[1:]
    return dict(line.split(" = ", 1) for line in lines)


def test_nothing_listens_on_the_network() -> None:
    assert _values()["listen_addresses"] == "''"


def test_a_commit_is_on_disk() -> None:
    values = _values()
    assert (values["fsync"], values["full_page_writes"], values["synchronous_commit"]) == ("'on'", "'on'", "'on'")


def test_no_statement_gets_into_the_log() -> None:
    values = _values()
    assert values["log_min_messages"] == "'log'", "errors of statements go to their client alone"
    assert values["log_min_error_statement"] == "'panic'"
    assert values["log_parameter_max_length_on_error"] == "'0'"


def test_a_path_with_a_quote_stays_one_value() -> None:
    assert _values("/tmp/it's here")["unix_socket_directories"] == "'/tmp/it''s here'"
