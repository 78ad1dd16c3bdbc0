# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from pathlib import Path

from measure_registry.domain.criteria import Verdict
from measure_registry.domain.undertaking import Reifegrad, Standing
from measure_registry.site.frame import TEXTS

SOURCE = Path(__file__).parents[3] / "services/measure-registry/src/measure_registry"
USED = re.compile(r"""\b(?:t|tell)\(\s*["']([a-z_]+)["'](?! ~)""")


def test_every_text_that_a_page_names_is_told_in_both_languages() -> None:
    used = {
        key
        for pattern in ("site/templates/*.html", "api/pages/**/*.py", "mailer.py")
        for file in SOURCE.glob(pattern)
        for key in USED.findall(file.read_text(encoding="utf-8"))
    }
    assert len(used) > 80
    assert used - TEXTS.keys() == set()
    assert {key for key, text in TEXTS.items() if set(text) != {"de", "en"}} == set()


def test_every_word_of_the_rules_has_its_text() -> None:
    needed = {f"verdict_{each}" for each in Verdict}
    needed |= {f"reifegrad_{each}" for each in Reifegrad}
    needed |= {f"standing_{each}" for each in Standing}
    assert needed <= TEXTS.keys()
