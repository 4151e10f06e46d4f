"""The audit before publishing: a run is measured, held against the ones before it, and passed or held.

Apart from the stages, which it measures from outside: `metrics` reads their tables, `gate` judges numbers alone.
"""

from __future__ import annotations

from retail_brain.audit.gate import AuditResult, Finding, audit
from retail_brain.audit.metrics import RunMetrics, measure

__all__ = ["AuditResult", "Finding", "RunMetrics", "audit", "measure"]
