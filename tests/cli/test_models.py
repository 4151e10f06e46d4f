"""Models and accuracy as screens: what was learnt, how good it is; and a reader that has seen enough."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shop import SAMPLE

if TYPE_CHECKING:
    from shop import Shop


def test_accuracy_is_told_with_the_worst_errors(sample_shop: Shop) -> None:
    answer = sample_shop.call("model", "evaluate", "--truth", str(SAMPLE / "truth.csv"), "--limit", "3")
    assert answer.code == 0, answer.err
    assert "precision 0." in answer.out
    assert "profiles mix people" in answer.out
    assert answer.out.count("over-merged") + answer.out.count("over-split") == 3


def test_what_a_model_weighs_is_drawn_on_a_page_that_needs_no_network(sample_shop: Shop, tmp_path: Path) -> None:
    answer = sample_shop.call("model", "show", "--html", str(tmp_path / "model.html"))
    assert answer.code == 0, answer.err
    page = (tmp_path / "model.html").read_text(encoding="utf-8")
    assert "first name" in page.lower()
    assert "http" not in page.replace("http-equiv", "")


def test_a_reader_that_closes_its_end_makes_no_noise() -> None:
    program = Path(sys.executable).with_name("retail-brain")
    shell = f"'{program}' --help | '{shutil.which('true')}'; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
    assert done.stderr == ""
