# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bench.backlog import BAYS, UPLINKS, drain, until
from bench.services import Service


@contextmanager
def telling(counter: str, *told: tuple[int, float, int]) -> Iterator[Service]:
    """Yield a service that tells these counts, CPU seconds and MB in turn, then the last of them again and again."""
    left = list(told)

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            done, cpu_s, megabytes = left.pop(0) if len(left) > 1 else left[0]
            body = (
                f"{counter} {done}\nprocess_cpu_seconds_total {cpu_s}\n"
                f"process_resident_memory_bytes {megabytes * 1_000_000}\n"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with subprocess.Popen(["true"], text=True) as process:
            yield Service(process, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


def test_a_backlog_is_measured_from_a_twentieth_on_and_its_memory_at_the_most() -> None:
    told = [(0, 5.0, 90), (49, 6.0, 90), (100, 7.0, 140), (500, 7.5, 120), (1000, 7.9, 120)]
    with telling(BAYS, *told) as service:
        drained = drain(service, BAYS, 1000, look_s=0)

    assert drained.cpu_us == pytest.approx(0.9 / 900 * 1e6)
    assert drained.most_mb == 140
    assert drained.per_s > 0


def test_a_backlog_that_is_over_at_the_first_look_has_no_rate() -> None:
    with (
        telling(UPLINKS, (1000, 7.0, 140)) as service,
        pytest.raises(RuntimeError, match="1,000 are over before anything is measured"),
    ):
        drain(service, UPLINKS, 1000, look_s=0)


@pytest.mark.parametrize("counts", [[3.0], [0.0, 1.0, 4.0]])
def test_waiting_ends_as_soon_as_all_are_through(counts: Sequence[float]) -> None:
    left = iter(counts)

    until(lambda: next(left), 3, look_s=0)

    assert list(left) == []


def test_what_is_missing_in_time_is_told() -> None:
    with pytest.raises(RuntimeError, match="2 of 5 were missing after 0 s"):
        until(lambda: 3.0, 5, within_s=0, look_s=0)
