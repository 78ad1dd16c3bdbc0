# SPDX-License-Identifier: EUPL-1.2
"""The long form of `test_fuzz`: so many requests to each service, drawn from its OpenAPI document, and its other forms.

One seed draws the same requests in the same order. An operation that answered wrongly is asked no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from fuzz.answering import Target
from fuzz.asking import ask, load
from fuzz.running import Place
from fuzz.serving import serving
from fuzz.unlisted import ask_unlisted
from stadttakt_runtime import plugins
from support.database import create_migrated
from support.stack import running_stack

TEMPLATE = "migrated"
APPS = plugins.load(plugins.APPS)
SETTINGS = hypothesis.settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
    verbosity=Verbosity.quiet,
    report_multiple_bugs=False,
)


class Finding(NamedTuple):
    """An answer that is not as documented, and the command that asks for it again."""

    text: str
    curl: str


@dataclass
class Asked:
    """How often a service was asked, and what it answered wrongly by operation."""

    requests: int = 0
    answered: str = ""
    """How many operations ever answered 2xx, of how many."""
    findings: dict[str, Finding] = field(default_factory=dict)


def ask_services(names: list[str], requests: int, seed: int) -> Iterator[tuple[str, Asked]]:
    """Ask one service after the other, each with a database of its own, and tell of each as it is done."""
    with running_stack(durable=False) as stack, TemporaryDirectory() as folder:
        create_migrated(stack, TEMPLATE)
        for name in names:
            with serving(name, Place(stack, TEMPLATE, Path(folder))) as running:
                asked = ask_about(load(name), running, requests, seed)
                for each in ask_unlisted(APPS[name](), running):
                    asked.requests += 1
                    if each.status >= 500:
                        finding = Finding(f"{each.status} to {each.sent:.500}", "")
                        asked.findings.setdefault(f"{each.method} {each.path}", finding)
                labels = (each.ok().label for each in load(name, whole=True).get_all_operations())
                asked.answered = running.answers.told(labels)
                yield name, asked


def ask_about(document: Any, running: Target, requests: int, seed: int) -> Asked:
    """Ask a service at least so often, about each operation of its document as often as about others."""
    asked = Asked()
    operations = {each.ok().label: each.ok() for each in document.get_all_operations()}
    while operations and asked.requests < requests:
        # An operation without parameters has few requests to draw: others are drawn more of in the next round.
        seed += 1
        share = -(-(requests - asked.requests) // len(operations))
        for label, operation in list(operations.items()):
            _ask_about(
                operation, running, hypothesis.settings(SETTINGS, max_examples=share), seed, asked
            )
            if label in asked.findings:
                del operations[label]
    return asked


def _ask_about(
    operation: Any, running: Target, settings: hypothesis.settings, seed: int, asked: Asked
) -> None:
    @hypothesis.seed(seed)
    @settings
    @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def answers(case: Any) -> None:
        asked.requests += 1
        try:
            ask(case, running)
        except BaseException as error:
            curl = case.as_curl_command(headers=running.headers, base_url=running.url)
            asked.findings[operation.label] = Finding(_told(error), curl)
            raise

    try:
        answers()
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 (whatever it is, it is told)
        asked.findings.setdefault(operation.label, Finding(_told(error), ""))


def _told(error: BaseException) -> str:
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    return "; ".join(" ".join(f"{type(each).__name__}: {each}".split())[:300] for each in parts)
