"""Made-up exports of five systems of a retailer, of any size, with the truth about who is who.

Apart from the stages because nothing real depends on it: it fills `sample_data`, it feeds load tests, and it lets
anybody try the tool without customers. People come first (households, twins, moves, weddings, old phones), then what
each system knew of them and when, then the slips of clerks, customers and tills; all of it is DuckDB SQL whose dice
are hashes of the seed, so the same seed writes the same bytes.
"""

from __future__ import annotations

from retail_brain.synth.export import SynthResult, write_exports, write_sample
from retail_brain.synth.noise import NoiseSettings

__all__ = ["NoiseSettings", "SynthResult", "write_exports", "write_sample"]
