"""HTML and SVG as nested calls, in which every text is escaped unless it is markup already.

Apart from the sections so that no column, source or file name, however hostile, can reach the page as markup: a
section never joins strings, it nests elements.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | int | float | None


def join(children: Iterable[Child]) -> Html:
    """Put children behind one another; what is not markup is escaped, None is left out."""
    return Html(
        "".join(child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None)
    )


def element(name: str, /, *children: Child, **attributes: Child) -> Html:
    """Make one element.

    Args:
        name: of the element.
        children: texts and elements inside it.
        attributes: its attributes; a trailing underscore is dropped and others become hyphens, None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def number(value: float) -> str:
    """Write a count with separators, and a fraction with one place."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float) -> str:
    """Write a share of 0 to 1 as people read it: never a false 0 or 100."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 < share < 1:
        return ">99 %"
    return f"{share * 100:.0f} %"


def plural(count: float, noun: str) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def table(head: Iterable[Child], rows: Iterable[Iterable[Child]], *, texts: int = 1, **attributes: Child) -> Html:
    """Make a table whose first columns are texts and whose others are numbers.

    Args:
        head: the heading cells.
        rows: the cells of each row; a cell may be a whole td element.
        texts: how many columns hold texts.
        attributes: of the table.
    """

    def cell(kind: str, place: int, child: Child) -> Html:
        if isinstance(child, Html) and child.startswith("<td"):
            return child
        return element(kind, child, class_=None if place < texts else "number")

    def row(kind: str, cells: Iterable[Child]) -> Html:
        return element("tr", *(cell(kind, place, child) for place, child in enumerate(cells)))

    body = element("tbody", *(row("td", cells) for cells in rows))
    inner = element("table", element("thead", row("th", head)), body, **attributes)
    return element("div", inner, class_="scroll")


def section(title: str, *children: Child, note: Child = None, wide: bool = False) -> Html:
    """Make one section of the page."""
    heading = element("h2", title)
    lead = element("p", note, class_="note") if note is not None else None
    return element("section", heading, lead, *children, class_="wide" if wide else None)
