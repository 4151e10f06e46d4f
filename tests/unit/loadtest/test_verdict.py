"""Targets, the verdict on them, and the page that tells both."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retail_brain.errors import ConfigurationError
from retail_brain.loadtest.page import render_page
from retail_brain.loadtest.plan import LoadPlan
from retail_brain.loadtest.requests import misspell
from retail_brain.loadtest.result import (
    AccuracyResult,
    CheckingResult,
    GeneratorResult,
    LatencyResult,
    LoadTestResult,
    MemorySample,
    NightMeasure,
    PhaseResult,
    PoolResult,
)
from retail_brain.loadtest.target import Targets, read_targets
from retail_brain.loadtest.verdict import judge

CONFIGS = Path(__file__).parents[3] / "configs" / "loadtest"
MS = np.array([1.0, 2.0, 3.0, 400.0])
LATENCY = LatencyResult(
    kind="profile", requests=4, errors=0, p50_ms=2.0, p95_ms=400.0, p99_ms=400.0, max_ms=400.0, service_p95_ms=3.0,
    found=1.0, waiting=0.0, raw_due_s=np.arange(4.0), raw_ms=MS, raw_failed=np.zeros(4, dtype=bool),
)  # fmt: skip
NIGHT = NightMeasure(
    night=1, status="published", run_id=1, seconds=10.0, stages={"ingest": 4.0, "publish": 6.0}, peak_memory_mb=500.0,
    records={"new": 100}, written={}, during=None,
)  # fmt: skip
PHASE = PhaseResult(
    name="publish", title="warm cache, a night at work", seconds=4.0, rate=1.0, scheduled=4, answered=4, errors=0,
    error_rate=0.0, error_kinds={}, throughput=1.0, cache_hits=0.5, latencies=(LATENCY,),
    pool=PoolResult(clients=2, busy=0.1, wait_p99_ms=0.0, connections_most=5, connections_limit=60),
    generator=GeneratorResult(lag_p50_ms=0.1, lag_p99_ms=1.0, lag_max_ms=2.0, cpu_share=0.01),
    checking=CheckingResult(checks=9, torn=0, torn_answers=0, changed=1, seconds=4.0, rules={}), peak_memory_mb=900.0,
    nights=(replace(NIGHT, night=3, during="publish", began_s=1.0, publish_s=(2.0, 3.0)),),
)  # fmt: skip
ACCURACY = AccuracyResult(records=100, precision=0.99, recall=0.95, f1=0.97)
RESULT = LoadTestResult(
    met=True, targets="mine <b>", records=100, seed=0, seconds=20.0, prepare_seconds={}, nights=(NIGHT, *PHASE.nights),
    phases=(PHASE,), accuracy=ACCURACY, peak_memory_mb=900.0, verdicts=(), notes=("a <i>note</i>",),
    machine={"cores": 2, "memory_gb": 24.0, "python": "3.11", "system": "Linux", "load_before": 0.1},
    memory=tuple(MemorySample(at_s=at, clients=100, night=50, postgres=300, redis=5) for at in (1.0, 2.0, 3.0)),
)  # fmt: skip


def failed(**targets: object) -> list[str]:
    """What is missed when these are the only targets."""
    found = judge(Targets.model_validate(targets), nights=[NIGHT], phases=[PHASE], accuracy=ACCURACY)
    return [verdict.told() for verdict in found if not verdict.met]


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ({"p95_ms": {"profile": 399}}, "p95 profile (warm cache, a night at work): 400 ms, at most 399 ms"),
        ({"p50_ms": {"profile": 1}}, "p50 profile (warm cache, a night at work): 2 ms, at most 1 ms"),
        ({"serving": {"cache_hits": 0.9}}, "cache hits (warm cache, a night at work): 0.5, at least 0.9"),
        ({"serving": {"peak_memory_mb": 800}}, "memory (warm cache, a night at work): 900 MB, at most 800 MB"),
        ({"accuracy": {"recall": 0.96}}, "recall: 0.95, at least 0.96"),
        ({"night": {"first_s": 9}}, "seconds of night 1: 10 s, at most 9 s"),
        ({"night": {"peak_memory_mb": 400}}, "memory of night 1: 500 MB, at most 400 MB"),
        (
            {"generator": {"lag_p99_ms": 0.5}},
            "p99 lag of the load test itself (warm cache, a night at work): 1 ms, at most 0.5 ms",
        ),
    ],
)
def test_a_target_that_is_missed_is_told_in_one_line(targets: dict[str, object], told: str) -> None:
    assert failed(**targets) == [told]


def test_what_is_not_named_is_not_judged_and_what_holds_is_met() -> None:
    assert judge(Targets(), nights=[NIGHT], phases=[PHASE], accuracy=None) == ()
    assert failed(p95_ms={"profile": 400, "search": 1}, accuracy={"precision": 0.99}) == []


def test_errors_torn_reads_and_nights_that_do_not_end_miss_the_promise() -> None:
    checking = CheckingResult(checks=9, torn=1, torn_answers=1, changed=1, seconds=4.0, rules={})
    bad = replace(PHASE, error_rate=0.25, checking=checking, nights_missed=1, latencies=())
    found = judge(read_targets(None), nights=[], phases=[bad], accuracy=None)
    assert [(verdict.name, verdict.measured) for verdict in found if not verdict.met] == [
        ("error rate", 0.25), ("torn reads", 2), ("nights that did not end", 1),
    ]  # fmt: skip


def test_the_latencies_of_a_phase_that_only_checks_do_not_count() -> None:
    found = judge(read_targets(None), nights=[], phases=[replace(PHASE, judged=False)], accuracy=None)
    assert {verdict.name for verdict in found} == {"error rate", "torn reads"}


def test_the_promise_that_ships_is_the_file_to_copy() -> None:
    assert read_targets(CONFIGS / "promise.toml") == read_targets(None)
    promise = read_targets(None)
    assert promise.p95_ms.model_dump() == {"profile": 150, "search": 200, "resolve": 300, "ingest": 100}
    aim = read_targets(CONFIGS / "ten_million.toml").p95_ms.model_dump()
    assert aim == {"profile": 15, "search": 50, "resolve": 100, "ingest": 20}


@pytest.mark.parametrize(
    "text", ["[p95_ms]\nprofiel = 3", "[accuracy]\nrecall = 1.2", "name =", "[p95_ms]\nprofile = 0"]
)
def test_targets_with_a_mistake_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.toml"):
        read_targets(path)


def test_the_page_opens_offline_tells_the_verdict_and_escapes_what_it_shows() -> None:
    verdicts = judge(Targets.model_validate({"p95_ms": {"profile": 15}}), nights=[], phases=[PHASE], accuracy=None)
    page = render_page(replace(RESULT, met=False, verdicts=verdicts))
    assert not re.search(r"https?://|<script|<link|<img|url\(", page)
    assert "1 of 1 targets of mine &lt;b&gt; were missed." in page
    assert "p95 profile (warm cache, a night at work): 400 ms, at most 15 ms" in page
    assert "a &lt;i&gt;note&lt;/i&gt;" in page
    assert page.count("<svg") == 4, "ranges, every request, distribution, memory"
    assert page.count('class="shade night"') == page.count('class="shade publish"') == 1


@pytest.mark.parametrize(
    "mistake",
    [{"records": 1}, {"clients": 0}, {"seconds": 0.5}, {"seconds": 9, "longest_s": 5}, {"rate": 0}, {"checks": -1}],
)
def test_a_plan_that_makes_no_sense_is_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        LoadPlan(**mistake).check()  # type: ignore[arg-type]


def test_a_misspelt_name_is_another_name_and_a_short_one_stays() -> None:
    import random

    dice = random.Random(1)
    assert misspell("Lee", dice) == "Lee"
    assert all(abs(len(misspell("Lopez", dice)) - 5) + (misspell("Lopez", dice) != "Lopez") >= 1 for _ in range(50))
