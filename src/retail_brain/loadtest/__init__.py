"""The load test: is the promise kept while a night is published on the same machine?

Apart from the pipeline and the desk because it drives both as a user would, from outside: nights in processes of their
own, requests from several clients at a fixed arrival rate, a checker that looks for torn reads, and a verdict.
"""

from __future__ import annotations
