# SPDX-License-Identifier: EUPL-1.2
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from architecture.tracked import ROOT
from stadttakt_local.errors import StackError
from stadttakt_local.images.build import IMAGES
from stadttakt_local.images.builder import find_builder
from stadttakt_runtime.alive import is_alive, port_of

HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is there for x86-64 only")
def test_dockerfile_is_clean_for_hadolint() -> None:
    command = [str(HADOLINT), "--format", "json", str(ROOT / "deploy/Dockerfile")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(outcome.stdout) == []
    assert outcome.returncode == 0


def test_there_is_an_image_for_every_service() -> None:
    services = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    assert set(IMAGES) == services | {"all"}


def test_health_check_asks_the_port_that_the_settings_name() -> None:
    assert port_of({"STADTTAKT_HTTP_PORT": "8101"}) == 8101
    own = {"STADTTAKT_HTTP_PORT": "8101", "STADTTAKT_UPLINK_HTTP_PORT": "9000"}
    assert port_of(own) == 9000


@pytest.mark.parametrize(("status", "alive"), [(200, True), (503, False)])
def test_health_check_believes_nothing_but_200(status: int, *, alive: bool) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/live"
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        assert is_alive(server.server_port) is alive
        thread.join()


def test_health_check_of_a_port_where_nobody_listens_fails() -> None:
    assert is_alive(1) is False


def test_unknown_builder_is_refused() -> None:
    with pytest.raises(StackError, match="make builds no images"):
        find_builder("make")


def test_only_what_the_image_needs_is_sent_to_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    copied = {
        words[1]
        for line in (ROOT / "deploy/Dockerfile").read_text().splitlines()
        if (words := line.split())[:1] == ["COPY"] and not words[1].startswith("--")
    }
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert all(any(one == s or one.startswith(f"{s}{os.sep}") for s in sent) for one in copied)
