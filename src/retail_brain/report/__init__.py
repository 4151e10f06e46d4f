"""One run as a page: a single HTML file that opens offline, on paper too, and shows no customer unless asked.

Apart from the pipeline so that a page can be drawn again from what is stored with a run: numbers in, text out.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from retail_brain.report import explanation, sections
from retail_brain.report.markup import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render_explanation", "render_page", "render_report", "render_weights"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_report(
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    *,
    previous_metrics: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    thresholds: Mapping[str, float] | None = None,
    when: str | None = None,
    include_values: bool = False,
) -> str:
    """Draw one run as a page.

    Args:
        run: the result of the night as plain data: run_id, status, generation, files, quarantine_reasons, records,
            pairs, merges, splits, refused, for_review, kept_out, model_id, written, findings, warnings, seconds.
            What is missing is left out of the page.
        metrics: what was measured, as `RunMetrics.to_json` gives it.
        previous_metrics: the same of the published run before.
        model: model_id and comparisons, each with name and levels (label and bits), for the picture of the weights.
        thresholds: name to match weight in bits, such as {"review": -2.0, "merge": 4.0}, drawn into the histogram.
        when: the moment of the run, as it shall be read.
        include_values: show the values kept out of matching; else only their form.

    Returns:
        The text of the HTML file.
    """
    parts = (
        sections.verdict(run),
        sections.warnings(run),
        sections.tiles(run, metrics),
        element(
            "main",
            sections.deliveries(run),
            *_piles(run, metrics, previous_metrics),
            sections.completeness(metrics, previous_metrics),
            sections.match_weights(metrics, thresholds),
            sections.model_weights(model),
            sections.kept_out(run, include_values=include_values),
        ),
    )
    title = f"Run {run.get('run_id') or ''}".strip()
    body = element(
        "body", _header(run, title, when), *parts, _footer(include_values=include_values, seal=run.get("seal"))
    )
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def _piles(
    run: Mapping[str, Any], metrics: Mapping[str, Any], previous_metrics: Mapping[str, Any] | None
) -> tuple[Html, Html]:
    """Lay the narrow sections into two columns of about one height."""
    changes, seconds = sections.changes(run, metrics, previous_metrics), sections.seconds(run)
    left = (sections.records(run), changes or seconds)
    right = (sections.quarantine(run), sections.profile_sizes(metrics), seconds if changes else None)
    return element("div", *left, class_="pile"), element("div", *right, class_="pile")


def render_weights(model: Mapping[str, Any]) -> str:
    """Draw what a model weighs as a page.

    Args:
        model: model_id, records, and comparisons, each with name and levels (label and bits).

    Returns:
        The text of the HTML file.
    """
    title = f"Model {model.get('model_id') or ''}".strip()
    line = element("p", f"learnt from {model.get('records', 0):,} records")
    header = element("header", element("p", "Retail Brain", class_="brand"), element("h1", title), line)
    main = element("main", sections.model_weights(model))
    body = element("body", header, main, _footer(include_values=False))
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def render_explanation(told: Mapping[str, Any]) -> str:
    """Draw why two records are one person, or why not, as a page. It shows what the two records say.

    Args:
        told: the explanation as plain data: left, right, left_values, right_values, same_profile, match_weight,
            match_probability, lines, links, obstacles, decisions, blocking_rule, model_id, merge_id, run_id, logged_at, undone.

    Returns:
        The text of the HTML file.
    """
    title = f"{told['left']} and {told['right']}"
    header = element(
        "header", element("p", "Retail Brain", class_="brand"), element("h1", title), explanation.lead(told)
    )
    main = element("main", *explanation.sections(told))
    body = element("body", header, explanation.verdict(told), main, _footer(include_values=True))
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def render_page(title: str, *children: Html | None, style: str = "") -> str:
    """Put sections that somebody else drew into a page of the house's style; it says that it shows no customer's value.

    Args:
        title: of the page.
        children: the body.
        style: CSS that is added to the house's.

    Returns:
        The text of the HTML file.
    """
    body = element("body", *children, _footer(include_values=False))
    return f"<!doctype html>\n{element('html', _head(title, style), body, lang='en')}\n"


def _head(title: str, added: str = "") -> Html:
    style = Html(files(__name__).joinpath("page.css").read_text(encoding="utf-8") + added)
    return element(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        element("title", f"{title} · Retail Brain"),
        element("style", style),
    )


def _header(run: Mapping[str, Any], title: str, when: str | None) -> Html:
    status = str(run.get("status") or "")
    generation, model_id = run.get("generation"), run.get("model_id")
    told = [
        when,
        f"published as {generation:,}" if isinstance(generation, int) else None,
        f"model {model_id}" if model_id else None,
    ]
    pill = element(
        "span", status, class_="pill bad" if status == "held" else "pill good" if status == "published" else "pill"
    )
    line = element("p", " · ".join(text for text in told if text))
    return element("header", element("p", "Retail Brain", class_="brand"), element("h1", title, " ", pill), line)


def _footer(*, include_values: bool, seal: str | None = None) -> Html:
    held = (
        "This page holds customers' values: keep it as you keep the exports."
        if include_values
        else ("This page holds counts and forms only, no customer's value.")
    )
    return element("footer", join((held,)), element("p", "Seal of the log: ", element("code", seal)) if seal else None)
