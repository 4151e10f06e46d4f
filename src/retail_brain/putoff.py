"""Putting off the loading of a library's part that this program never asks for.

Apart from the rooms that do it because it is about Python alone. A command that answers in half a second spends most of it
on loading libraries, and some load halves of themselves that nobody uses.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any


def put_off(name: str) -> None:
    """Load a part of a library only when something in it is asked for.

    Python's own LazyLoader does not serve here: a second `import` of such a module, in the library itself, loads it.

    Args:
        name: a module directly below a package, such as "redis.asyncio"; neither needs to be loaded. One that is loaded
            already, or that the package does not have, is left alone.
    """
    package = find_spec(name.rpartition(".")[0])
    if name in sys.modules or package is None or package.submodule_search_locations is None:
        return
    spec = PathFinder.find_spec(name, list(package.submodule_search_locations))
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, module_from_spec(spec)

    def load(attribute: str) -> Any:
        if vars(module).pop("__getattr__", None) is not None:  # from here on it is like any other module
            loader.exec_module(module)
        return getattr(module, attribute)

    vars(module)["__getattr__"] = load
    sys.modules[name] = module
