"""What several acceptance tests look at and none of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backups_to_damage import Town, make_town

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop import Shop


@pytest.fixture(scope="session")
def town_to_damage(make_shop: Callable[[str], Shop]) -> Town:
    """A shop with four backups, of which tests damage copies."""
    return make_town(make_shop, "town to damage")
