# SPDX-License-Identifier: EUPL-1.2
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stadttakt_local.errors import StackError
from stadttakt_local.ports import require_free
from stadttakt_local.progress import silent
from stadttakt_local.root import ensure_root
from stadttakt_local.settings import Ports
from support.stack import free_ports, installed_root

NAMES = ("database", "broker", "uplink", "parking", "transit", "kpi", "opendata", "registry")


def free() -> dict[str, int]:
    return dict(zip(NAMES, free_ports(len(NAMES)), strict=True))


def test_free_ports_are_no_hindrance() -> None:
    require_free(Ports(**free()))


def test_a_taken_port_is_told_with_its_holder_and_its_setting() -> None:
    ports = Ports(**free())
    with (
        socket.create_server(("127.0.0.1", ports.parking)),
        pytest.raises(StackError) as refusal,
    ):
        require_free(ports)
    assert (
        f"Port {ports.parking} (parking) is taken by process {os.getpid()} ("
        in refusal.value.missing
    )
    assert "STADTTAKT_LOCAL_PARKING_PORT" in refusal.value.remedy


def test_a_port_held_on_all_addresses_is_taken_too() -> None:
    ports = Ports(**free())
    with (
        socket.create_server(("", ports.broker)),
        pytest.raises(StackError, match=rf"Port {ports.broker} \(broker\)"),
    ):
        require_free(ports)


def test_one_port_for_two_things_is_refused() -> None:
    ports = Ports(**free() | {"kpi": 8777, "registry": 8777})
    with pytest.raises(StackError, match="8777 is set for two things"):
        require_free(ports)


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "8102.0"])
def test_a_setting_that_is_no_port_is_named(text: str) -> None:
    with pytest.raises(StackError, match="STADTTAKT_LOCAL_BROKER_PORT"):
        Ports.from_environment({"STADTTAKT_LOCAL_BROKER_PORT": text})


def test_an_empty_setting_means_the_default() -> None:
    assert Ports.from_environment({"STADTTAKT_LOCAL_BROKER_PORT": ""}) == Ports()


@pytest.mark.skipif(os.geteuid() != 0, reason="drops root's rights")
def test_without_root_and_without_user_namespaces_it_says_so() -> None:
    # The interpreter may lie where nobody may go, so it gives up its rights only when it runs.
    code = (
        "import os\n"
        "from stadttakt_local.privileges import become_root\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "become_root(['true'])"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert outcome.returncode == 1
    assert "Not root, and no user namespaces" in outcome.stderr
    assert "Run as root" in outcome.stderr


def test_an_installed_root_is_found_in_no_time() -> None:
    root = installed_root()
    start = time.perf_counter()
    assert ensure_root(silent) == root
    assert time.perf_counter() - start < 0.5


def test_another_suite_than_the_installed_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed_root()
    monkeypatch.setenv("STADTTAKT_LOCAL_SUITE", "potato")
    with pytest.raises(StackError, match="STADTTAKT_LOCAL_SUITE=potato"):
        ensure_root(silent)


def test_a_mirror_that_has_nothing_is_named(monkeypatch: pytest.MonkeyPatch, target: Path) -> None:
    monkeypatch.setenv("STADTTAKT_LOCAL_MIRROR", "http://127.0.0.1:9/debian")
    with pytest.raises(StackError, match=r"No mirror has the packages \(tried http://127"):
        ensure_root(silent, target=target)
    assert not target.exists()


def test_a_full_disk_is_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, target: Path
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StackError, match="Only 1 MB are free"):
        ensure_root(silent, target=target)


def test_a_killed_installation_leaves_nothing_mounted_nothing_running_and_no_root(
    target: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from stadttakt_local.root import ensure_root\n"
        "ensure_root(lambda step: print(step.phase, flush=True), target=Path(sys.argv[1]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True
    ) as installation:
        assert installation.stdout
        while "Retrieving" not in installation.stdout.readline():
            assert installation.poll() is None
        installation.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while using(target.parent) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert using(target.parent) == []
    assert str(target.parent) not in Path("/proc/self/mountinfo").read_text()
    assert not target.exists()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "root"


def using(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and process.name != str(os.getpid()):
            found.append(int(process.name))
    return found
