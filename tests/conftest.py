"""Shops for the command line's and the acceptance tests: each a folder with embedded servers of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop import Shop, fill_with_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MakeShop = "Callable[[str], Shop]"


@pytest.fixture(scope="session")
def make_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Shop]]:
    """Return a function that makes an empty shop; the servers of all of them are stopped at the end."""
    made: list[Shop] = []

    def make(name: str) -> Shop:
        shop = Shop(folder=tmp_path_factory.mktemp(name))
        made.append(shop)
        return shop

    with pytest.MonkeyPatch.context() as patch:
        for name in ("POSTGRES_HOST", "REDIS_HOST", "RETAIL_BRAIN_CONFIG"):
            patch.delenv(name, raising=False)
        yield make
        for shop in made:
            if (shop.folder / "retail_brain.toml").is_file():
                shop.call("services", "stop")


@pytest.fixture
def shop(make_shop: Callable[[str], Shop]) -> Iterator[Shop]:
    """An empty shop of the test's own, in a folder with a blank in its name."""
    made = make_shop("my shop")
    yield made
    if (made.folder / "retail_brain.toml").is_file():
        made.call("services", "stop")


@pytest.fixture(scope="session")
def sample_shop(make_shop: Callable[[str], Shop]) -> Shop:
    """A shop in which the sample was run once. Tests only read it."""
    made = make_shop("sample shop")
    fill_with_sample(made.folder)
    made.must("init", ".")
    made.must("run")
    return made
