"""A night in a process of its own, as cron would start it: its stages are timed and its memory is its own."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retail_brain.loadtest.result import NightMeasure

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe
    from pathlib import Path

    from retail_brain.config.file import Configuration
    from retail_brain.loadtest.client import Child
    from retail_brain.model import Progress

_REASON = "load test"
_SPAN = tuple[float, float]


def work(pipe: Pipe, config: Configuration, folder: Path) -> None:
    """Run the night on the deliveries of a folder; a night that is held is approved, and that is told."""
    from retail_brain.pipeline.held import approve_run
    from retail_brain.pipeline.night import run_night

    def tell(stage: str, *, done: int = 0, total: int | None = None, detail: str = "") -> None:
        pipe.send((stage, time.monotonic()))

    os.setsid()  # a session of its own, as cron and systemd give it: processors are shared between sessions
    started = time.monotonic()
    result = run_night(config, files=[folder], progress=tell)
    stages, held = dict(result.seconds), result.status == "held" and result.run_id is not None
    if held and result.run_id is not None:
        result = approve_run(config, result.run_id, reason=_REASON, progress=tell)
        for stage, seconds in result.seconds.items():
            stages[stage] = round(stages.get(stage, 0.0) + seconds, 3)
    measured: dict[str, Any] = {
        "status": result.status, "run_id": result.run_id, "records": dict(result.records), "stages": stages,
        "written": dict(result.written), "approved": held, "started": started, "ended": time.monotonic(),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }  # fmt: skip
    pipe.send(measured)


@dataclass(slots=True, kw_only=True)
class RunningNight:
    """A night at work, as seen from outside."""

    number: int
    child: Child
    progress: Progress
    measured: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, _SPAN] = field(default_factory=dict)

    def look(self, wait_s: float = 0.0) -> bool:
        """Take in what the night says, and say whether it has ended.

        Raises:
            RetailBrainError: the night failed.
        """
        while not self.measured and self.child.pipe.poll(wait_s):
            message = self.child.receive(wait_s)
            if isinstance(message, dict):
                self.measured = message
                break
            stage, moment = message
            first, _last = self.spans.get(stage, (moment, moment))
            self.spans[stage] = (first, moment)
            self.progress(f"night {self.number}", detail=stage)
        return bool(self.measured)

    def result(self, *, during: str | None = None, start: float | None = None) -> NightMeasure:
        """Return what was measured.

        Args:
            during: the phase in which it ran.
            start: when that phase began, on the clock of `time.monotonic`.
        """
        found, span = self.measured, self.spans.get("publish")
        self.progress(f"night {self.number}", done=1, total=1, detail=found["status"])
        return NightMeasure(
            night=self.number, status=found["status"], run_id=found["run_id"], stages=found["stages"],
            seconds=round(found["ended"] - found["started"], 3), peak_memory_mb=found["peak_memory_mb"],
            records=found["records"], written=found["written"], approved=found["approved"], during=during,
            began_s=None if start is None else round(found["started"] - start, 3),
            publish_s=None if start is None or span is None else (round(span[0] - start, 3), round(span[1] - start, 3)),
        )  # fmt: skip
