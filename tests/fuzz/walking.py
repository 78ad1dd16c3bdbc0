# SPDX-License-Identifier: EUPL-1.2
"""Asking a service what is right, one thing after the other, so that all is there that can be asked about.

Each answer must be 2xx and as documented, whatever is drawn afterwards; ids that the requests name are those of drawn ones.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import httpx

from fuzz.answering import Example, Target
from fuzz.asking import CHECKS, load

JSON, CSV = "application/json", "text/csv"
_PATIENCE_S = 60
_NAME = re.compile(r"{(\w+)}")


class Walk:
    """One way through a service's operations."""

    def __init__(self, service: str, target: Target) -> None:
        document = load(service, whole=True)
        self.operations = {each.ok().label: each.ok() for each in document.get_all_operations()}
        self.target = target
        self._client = httpx.Client(base_url=target.url, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(
        self,
        label: str,
        said: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        kind: str = JSON,
        by: dict[str, str] | None = None,
    ) -> Any:
        """Ask with these parameters, wherever they stand; return what is answered, as JSON if it is that.

        `by` are the headers of who asks, if not those of who may do everything.
        """
        answer = self._send(label, self.offer(label, said, body, kind=kind, by=by))
        assert answer.is_success, (
            f"{answer.status_code} to {label} {said} {body!r:.500}: {answer.text}"
        )
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json and answer.content else answer.content

    def offer(
        self,
        label: str,
        said: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        kind: str = JSON,
        by: dict[str, str] | None = None,
    ) -> Example:
        """Keep a request, for others like it to be drawn, without asking: what can be done once is left to do."""
        left = {name: str(value) for name, value in (said or {}).items()}
        path = {name: left.pop(name) for name in _NAME.findall(label)}
        raw = self.operations[label].definition.raw.get("parameters", [])
        headers = {
            each["name"]: left.pop(each["name"])
            for each in raw
            if each.get("in") == "header" and each["name"] in left
        }
        example = Example(path, left, headers, body, None if body is None else kind, by)
        self.target.examples[label].append(example)
        return example

    def until(
        self, label: str, said: Mapping[str, Any], holds: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        """Ask until an answer is as it should be: what takes a while to be done."""
        deadline = time.monotonic() + _PATIENCE_S
        example = self.offer(label, said)
        while not holds(answer := self._sent(label, example)):
            assert time.monotonic() < deadline, f"{label} {said} still answers {answer.text}"
            time.sleep(0.1)
        return self._send(label, example)

    def ask_in_time(self, label: str, begin: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Begin something and ask for what can be done before it has ended; begin anew where it had. Return what it was."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            said = begin()
            answer = self._send(label, self.offer(label, said))
            if answer.is_success:
                return said
            assert time.monotonic() < deadline, f"{label} {said} answers {answer.text}"

    def ask_all_readable(self, known: Mapping[str, Any]) -> None:
        """Ask every reading operation that was not asked yet and needs no more than is known, by the parameters' names."""
        for label, operation in self.operations.items():
            raw = operation.definition.raw.get("parameters", [])
            needed = {each["name"] for each in raw if each.get("required")} | set(
                _NAME.findall(label)
            )
            if (
                label.startswith("GET ")
                and not self.target.examples[label]
                and needed <= known.keys()
            ):
                self.ask(label, {name: known[name] for name in needed})

    def ask_first_event(self, label: str, said: Mapping[str, str]) -> None:
        """Ask for a stream of events, which does not end, and read the first line of it."""
        method, url = _line(label, self.offer(label, said))
        with self._client.stream(method, url, headers=self.target.headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream"), answer
            assert next(answer.iter_lines())
        self.target.answers.note(label, answer.status_code)

    def _send(self, label: str, example: Example) -> httpx.Response:
        answer = self._sent(label, example)
        case = self.operations[label].Case(path_parameters=example.path, query=example.query)
        case.validate_response(answer, checks=CHECKS)
        self.target.answers.note(label, answer.status_code)
        return answer

    def _sent(self, label: str, example: Example) -> httpx.Response:
        method, url = _line(label, example)
        content = None
        headers = {**(example.by or self.target.headers), **example.headers}
        if example.media_type is not None:
            headers["content-type"] = example.media_type
            is_written = isinstance(example.body, str | bytes)
            content = example.body if is_written else json.dumps(example.body)
        return self._client.request(
            method, url, params=example.query, headers=headers, content=content
        )


def _line(label: str, example: Example) -> tuple[str, str]:
    """Return the method and the path of a request for an example."""
    method, _, path = label.partition(" ")
    return method, _NAME.sub(lambda name: example.path[name[1]], path)
