# SPDX-License-Identifier: EUPL-1.2
"""debootstrap and what it needs, unpacked beside the project where the machine lacks it; installs nothing."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stadttakt_local.errors import StackError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT_HELPER = Path("/usr/lib/apt/apt-helper")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY")

# apt's own downloader: the same proxies, certificates and logins as the machine's apt, and no wget needed.
_WGET = """#!/bin/sh
while [ $# -gt 1 ]; do
    [ "$1" = -O ] && dest=$2
    shift
done
exec /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file "$1" "$dest"
"""


@dataclass(frozen=True)
class DebianTools:
    """Where debootstrap, its scripts and the archive's keys are, and the environment to run them in."""

    debootstrap: Path
    scripts: Path
    keyring: Path
    environment: dict[str, str]


def debian_tools(folder: Path) -> DebianTools:
    """Find debootstrap, gpgv and the archive's keys on the machine, or unpack their packages into a folder."""
    overlay = folder / "debian"
    missing = [name for name in ("debootstrap", "gpgv") if shutil.which(name, path=_path()) is None]
    missing += [] if KEYRING.exists() else ["debian-archive-keyring"]
    if missing and not _complete(overlay, missing):
        unpack(missing, folder)
    _write_wget(folder / "bin")
    in_overlay = overlay / "usr/share/debootstrap"
    prefix = overlay if in_overlay.is_dir() else Path("/")
    found = shutil.which("debootstrap", path=_path(overlay))
    if found is None or not _APT_HELPER.exists():
        raise StackError(
            "debootstrap or apt is not to be had here.",
            "Run on Debian or a system derived from it.",
        )
    return DebianTools(
        debootstrap=Path(found),
        scripts=prefix / "usr/share/debootstrap",
        keyring=KEYRING if KEYRING.exists() else overlay / KEYRING.relative_to("/"),
        environment=_environment(folder, overlay, prefix),
    )


def unpack(packages: list[str], folder: Path) -> None:
    """Download packages with all that the machine lacks for them, and unpack them into folder/debian."""
    archives = folder / "apt" / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "apt/lists/partial").mkdir(parents=True, exist_ok=True)
    private_lists = ["-o", f"Dir::State::lists={folder}/apt/lists"]
    outcome = _apt(folder, "install", *packages)
    if outcome.returncode != 0:
        # A fresh machine has no package lists, an old one lists that name packages the mirror no longer has.
        _apt(folder, "update", options=private_lists)
        outcome = _apt(folder, "install", *packages, options=private_lists)
    if outcome.returncode != 0:
        raise StackError(
            f"The Debian packages {', '.join(packages)} cannot be downloaded: {outcome.stderr.strip()[-400:]}",
            "Check the machine's apt sources and network (`apt-get update`), or install the packages yourself.",
        )
    for package in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder / "debian"], check=True)
    shutil.rmtree(folder / "apt")


def _apt(
    folder: Path, verb: str, *arguments: str, options: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    fixed = [
        "-o",
        f"Dir::Cache={folder}/apt",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Sandbox::User=root",
    ]
    download = ["--yes", "--download-only", "--no-install-recommends"] if verb == "install" else []
    command = ["apt-get", "-q", *fixed, *(options or []), verb, *download, *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=_plain())
    except FileNotFoundError as error:
        raise StackError(
            "There is no apt-get here.", "Run on Debian or a system derived from it."
        ) from error


def _complete(overlay: Path, missing: list[str]) -> bool:
    parts = {"debootstrap": "usr/sbin/debootstrap", "gpgv": "usr/bin/gpgv"}
    return all((overlay / parts.get(name, str(KEYRING)[1:])).exists() for name in missing)


def _write_wget(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shim = folder / "wget"
    shim.write_text(_WGET)
    shim.chmod(0o755)


def _path(overlay: Path | None = None) -> str:
    folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return ":".join(folders + [f"{overlay}{folder}" for folder in folders if overlay])


def _plain() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    return {"PATH": _path(), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **kept}


def _environment(folder: Path, overlay: Path, prefix: Path) -> dict[str, str]:
    libraries = ":".join(str(path) for path in sorted(overlay.glob("usr/lib/*-linux-gnu*")))
    extra = {"LD_LIBRARY_PATH": libraries} if libraries else {}
    if prefix != Path("/"):
        extra["DEBOOTSTRAP_DIR"] = str(prefix / "usr/share/debootstrap")
    return {**_plain(), "PATH": f"{folder}/bin:{_path(overlay)}", **extra}
