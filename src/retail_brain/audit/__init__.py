"""The audit before publishing: a run is measured, held against the ones before it, and passed or held.

Apart from the stages, which it measures from outside: `metrics` and `delivery` read their tables, the
gates judge numbers alone.
"""

from __future__ import annotations

from retail_brain.audit.delivery import common_shape, measure_deliveries
from retail_brain.audit.example import Example, find_examples
from retail_brain.audit.finding import AuditResult, Finding
from retail_brain.audit.gate import audit
from retail_brain.audit.metrics import Before, RunMetrics, measure, with_usual

__all__ = [
    "AuditResult",
    "Before",
    "Example",
    "Finding",
    "RunMetrics",
    "audit",
    "common_shape",
    "find_examples",
    "measure",
    "measure_deliveries",
    "with_usual",
]
