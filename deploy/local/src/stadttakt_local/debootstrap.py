# SPDX-License-Identifier: EUPL-1.2
"""One run of debootstrap: its command, its progress, its failures; decides no suite."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stadttakt_local.apt_sources import debian_mirrors
from stadttakt_local.debian_tools import DebianTools
from stadttakt_local.errors import StackError
from stadttakt_local.privileges import in_user_namespace
from stadttakt_local.progress import Progress, Report
from stadttakt_local.settings import MIRROR

_STEP = re.compile(
    r"^I: (Retrieving|Extracting|Unpacking|Configuring) (?!InRelease|Release|Packages)"
)
# Private mounts and processes: whatever ends this run, nothing of it stays mounted or running.
_APART = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")


class PackagesMissingError(Exception):
    """The suite exists but does not hold the packages."""


@dataclass(frozen=True)
class Suite:
    """A Debian release with the packages the stack needs from it, and what it cannot promise."""

    name: str
    packages: tuple[str, ...]
    lacks: tuple[str, ...] = ()


def suite_exists(tools: DebianTools, mirror: str, suite: str, scratch: Path) -> bool:
    """Tell whether a mirror serves a suite."""
    target = scratch / "InRelease"
    command = ["wget", "-O", str(target), f"{mirror}/dists/{suite}/InRelease"]
    outcome = subprocess.run(command, env=tools.environment, capture_output=True, check=False)
    found = outcome.returncode == 0 and target.exists()
    target.unlink(missing_ok=True)
    return found


def mirror_with(suite: str, tools: DebianTools, scratch: Path) -> str | None:
    """Return the first mirror that serves a suite: the setting's, else those of the apt sources."""
    return next((m for m in mirrors() if suite_exists(tools, m, suite, scratch)), None)


def mirrors() -> list[str]:
    """Return the mirrors to try."""
    given = os.environ.get(MIRROR)
    return [given.rstrip("/")] if given else debian_mirrors()


def run_debootstrap(
    tools: DebianTools, suite: Suite, mirror: str, *, target: Path, log: Path, report: Report
) -> None:
    """Fill target with the suite's base system and packages."""
    _keep_daemons_down(target)
    command = [
        *(_APART if _may_unshare() else _APART[:3]),
        str(tools.debootstrap),
        "--variant=minbase",
        f"--keyring={tools.keyring}",
        f"--include={','.join(suite.packages)}",
        suite.name,
        str(target),
        mirror,
        # debootstrap of an older release knows no script by the newer one's name; they are all this one.
        str(tools.scripts / "scripts" / "sid"),
    ]
    # In a user namespace no device node can be made: told that it is in a container, debootstrap binds them.
    environment = tools.environment | ({"container": "lxc"} if in_user_namespace() else {})
    lines = _follow(command, environment, log, report)
    if any("Couldn't find these debs" in line for line in lines):
        raise PackagesMissingError(lines[-1])
    if lines[-1:] != ["I: Base system installed successfully."]:
        raise StackError(
            f"Installing Debian {suite.name} from {mirror} failed: {' / '.join(lines[-3:])}",
            f"The whole output is in {log}. Another mirror can be given as STADTTAKT_LOCAL_MIRROR.",
        )


def _keep_daemons_down(target: Path) -> None:
    """Packages configure themselves into a running system; here they shall start nothing and make no cluster."""
    policy = target / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    no_cluster = target / "etc/postgresql-common/createcluster.d/stadttakt.conf"
    no_cluster.parent.mkdir(parents=True)
    no_cluster.write_text("create_main_cluster = false\n")


def _may_unshare() -> bool:
    trial = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False
    )
    return trial.returncode == 0


def _follow(
    command: list[str], environment: dict[str, str], log: Path, report: Report
) -> list[str]:
    """Run the command, report its steps, keep its output in the log; return the lines that are no plain step."""
    counted = dict.fromkeys(("Retrieving", "Unpacking", "Configuring"), 0)
    told: list[str] = []
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                kept.write(line)
                if step := _STEP.match(line):
                    phase = "Unpacking" if step[1] == "Extracting" else step[1]
                    counted[phase] += 1
                    total = counted["Retrieving"] if phase == "Unpacking" else None
                    report(Progress(f"{phase} Debian packages", counted[phase], total))
                else:
                    told = [*told[-20:], line.rstrip()]
        finally:
            if process.poll() is None:
                process.kill()
    return told
