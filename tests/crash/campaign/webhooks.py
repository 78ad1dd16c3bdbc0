# SPDX-License-Identifier: EUPL-1.2
"""Network servers that bring some uplinks by webhook, again until they are told 204: only then are they acknowledged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import httpx

from crash.campaign.town import CHIRPSTACK, SECRETS, TTS
from crash.campaign.traffic import Told

PATIENCE_S, AGAIN_AFTER_S, ANSWER_WITHIN_S = 600.0, 0.2, 30.0
TAKEN, SERVER_ERROR = 204, 500
_PATHS = {CHIRPSTACK: "/v1/webhooks/chirpstack?event=up", TTS: "/v1/webhooks/ttn"}


class Webhooks:
    """Sends what is given, in its order, beside the test; `refused` says why something was not taken."""

    def __init__(self) -> None:
        self.taken: list[Told] = []
        self.refused: list[str] = []
        self.again = 0
        self._waiting: SimpleQueue[Told | None] = SimpleQueue()

    @contextmanager
    def sending(self, decoder: str) -> Iterator[None]:
        """Send to a decoder meanwhile; leaves when all that was given is taken, or refused; raises what ended it sooner."""
        with ThreadPoolExecutor(1, "webhooks") as pool:
            sending = pool.submit(self._send, decoder)
            try:
                yield
            finally:
                self._waiting.put(None)
            sending.result()

    def give(self, uplinks: Iterable[Told]) -> None:
        """Send these after what was given before."""
        for each in uplinks:
            self._waiting.put(each)

    def _send(self, decoder: str) -> None:
        with httpx.Client(base_url=decoder, timeout=ANSWER_WITHIN_S) as client:
            while (told := self._waiting.get()) is not None:
                self._post(client, told)

    def _post(self, client: httpx.Client, told: Told) -> None:
        assert told.source is not None, "no uplink"
        headers = {
            "content-type": "application/json",
            "x-stadttakt-secret": SECRETS[told.source],
        }
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = client.post(_PATHS[told.source], content=told.payload, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == TAKEN:
                self.taken.append(told)
                return
            if answer is not None and answer.status_code < SERVER_ERROR:
                self.refused.append(f"webhook: {answer.status_code} {answer.text[:300]}")
                return
            self.again += 1
            time.sleep(AGAIN_AFTER_S)
        self.refused.append(f"webhook: nobody took {told.identity} within {PATIENCE_S:.0f} s")
