# SPDX-License-Identifier: EUPL-1.2
"""docker, kubectl and helm where there is no container: what runs inside of one runs on the test's own database and broker.

Like the real ones they read all their input before the command gets it, and understand nothing but what the page prints.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GIVEN: dict[str, Any] = json.loads(os.environ["PRETENDED"])


def in_database(command: list[str]) -> int:
    """Run a client of the database as in its container."""
    here = [part.replace("127.0.0.1:5432/", f"127.0.0.1:{GIVEN['port']}/") for part in command]
    for said, place in GIVEN.get("places", {}).items():
        here = [re.sub(rf"^{said}(?=/|$)", place, part) for part in here]
    return given_all_input(["chroot", GIVEN["root"], "env", *GIVEN["database"], *here])


def beside_store(command: list[str]) -> int:
    """Run Python as the broker's user, where the volume is what the command calls /mosquitto/data."""
    assert command[0] == "python3"
    here = [part.replace("/mosquitto/data", GIVEN["store"]) for part in command[1:]]
    owner = Path(GIVEN["store"]).stat()
    user = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    return given_all_input([*user, GIVEN["python"], *here])


def given_all_input(command: list[str]) -> int:
    return subprocess.run(command, input=sys.stdin.buffer.read(), check=False).returncode


def stop_broker() -> int:
    if GIVEN["broker"] is None:
        return 0
    os.kill(GIVEN["broker"], signal.SIGTERM)
    # what its parent did not fetch yet has no folder any more
    while Path(f"/proc/{GIVEN['broker']}/cwd").exists():
        time.sleep(0.02)
    return 0


def docker(arguments: list[str]) -> int:
    match arguments:
        case ["compose", "-f", "deploy/compose.yaml", *rest]:
            return compose(rest)
        case ["pull", _] | ["load", "--input", _]:
            return 0
        case ["save", "--output", file, *images]:
            Path(file).write_text("\n".join(images))
            return 0
        # the image's own user could not write into the checkout
        case ["run", "--rm", "--user", "0", "--network", "none", "--volume", volume, *command]:
            assert command[:2] == ["--entrypoint", "stadttakt"]
            outside, _, inside = volume.partition(":")
            here = [re.sub(rf"^{inside}(?=/)", outside, part) for part in command[3:]]
            return subprocess.run([GIVEN["stadttakt"], *here], check=False).returncode
    raise ValueError(arguments)


def compose(arguments: list[str]) -> int:
    match arguments:
        case ["exec", "-T", "timescaledb", *command] | [
            "run",
            "--rm",
            "-T",
            "--no-deps",
            "--entrypoint",
            "env",
            "timescaledb",
            *command,
        ]:
            return in_database(command)
        case ["run", "--rm", "-T", "--no-deps", "broker-store", *command]:
            return beside_store(command)
        case ["--profile", "production", "stop"]:
            return stop_broker()
        case ["--profile", profile, "config", "--images"]:
            print("\n".join(GIVEN["images"][""] + GIVEN["images"][profile]))  # noqa: T201 (its answer)
            return 0
        case (
            ["--profile", "production", "create"]
            | ["--profile", "production", "up", "--detach"]
            | ["--profile", "production", "up", "--detach", "--force-recreate"]
            | ["--profile", "production", "ps", "--all"]
            | ["run", "--rm", "prepare"]
            | [*_, "up", "--detach", "--force-recreate", "parking-occupancy"]
            | [*_, "up", "--detach", "--force-recreate", "parking-occupancy", "grafana"]
            | ["exec", "grafana", "grafana", "cli", "admin", "reset-admin-password", _]
            | ["up", "--detach", "--wait", "timescaledb"]
        ):
            return 0
    raise ValueError(arguments)


def kubectl(arguments: list[str]) -> int:
    match arguments:
        case ["exec", "-i", "pod/timescaledb-1", "-c", "postgres", "--", *command]:
            return in_database(command)
        case ["exec", "-i", "broker-store", "--", *command]:
            return beside_store(command)
        case ["get", "pod", "--selector", _, "--output", "name"]:
            print("pod/timescaledb-1")  # noqa: T201 (its answer)
        case ["apply", "-f", "-"]:
            with Path("applied.yaml").open("a") as applied:
                applied.write("---\n" + sys.stdin.read())
        case ["create", *_]:
            return subprocess.run([GIVEN["kubectl"], *arguments], check=False).returncode
        case ["scale", "--replicas", "0", "deployment,statefulset", *_]:
            return stop_broker()
        case (
            ["wait", "--for=condition=Ready" | "--for=delete", _]
            | ["delete", "pod", _]
            | ["rollout", "restart" | "status", "deployment,statefulset", "--selector", *_]
            | ["get", "pods", "--selector", _]
        ):
            pass
        case _:
            raise ValueError(arguments)
    return 0


def helm(arguments: list[str]) -> int:
    match arguments:
        case ["template", *_]:
            return subprocess.run([GIVEN["helm"], *arguments], check=False).returncode
        case ["upgrade", "takt", "helm/stadttakt", *_] | ["rollback", "takt"]:
            return 0
    raise ValueError(arguments)


def git(arguments: list[str]) -> int:
    """Know one commit, `old`, and after it was pulled, `new`."""
    head = Path("head")
    match arguments:
        case ["rev-parse", *_, "HEAD"]:
            print(head.read_text() if head.exists() else "old")  # noqa: T201 (its answer)
        case ["pull", "--ff-only", *_]:
            head.write_text("new")
        case ["checkout", "--detach", commit]:
            head.write_text(commit)
        case ["bundle", "create", file, "HEAD"]:
            Path(file).touch()
        case _:
            raise ValueError(arguments)
    return 0


def make(arguments: list[str]) -> int:
    match arguments:
        case ["down"]:
            return stop_broker()
        case ["up", *rest]:
            assert rest == ["BROKER=0"], "the broker runs"
    for pair in arguments:
        if pair.startswith("ARCHIVE="):
            Path(pair.removeprefix("ARCHIVE=")).mkdir()
    return 0


if __name__ == "__main__":
    tools = {"docker": docker, "kubectl": kubectl, "helm": helm, "git": git, "make": make}
    with Path("typed.log").open("a") as log:
        log.write(" ".join(sys.argv[1:]).replace("\n", " ") + "\n")
    sys.exit(tools[sys.argv[1]](sys.argv[2:]))
