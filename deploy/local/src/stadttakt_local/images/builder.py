# SPDX-License-Identifier: EUPL-1.2
"""What builds images on this machine: docker, podman or buildah, else Debian's buildah unpacked beside the project."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import unpack
from stadttakt_local.errors import StackError

NAMES = ("docker", "podman", "buildah")
STORAGE = layout.LOCAL / "images" / "storage"
_WORKS = {"docker": "info", "podman": "info", "buildah": "version"}


@dataclass(frozen=True)
class Builder:
    """A program that builds images, by the words that all three share."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, output: bool = False) -> str:
        """Run a command of it; what it says goes to the terminal unless it is wanted back."""
        outcome = subprocess.run(
            [*self.command, *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE if output else None,
            text=True,
            check=False,
        )
        if outcome.returncode != 0:
            raise StackError(
                f"`{self.name} {' '.join(arguments[:2])} ...` failed with {outcome.returncode}.",
                "See its message above.",
            )
        return outcome.stdout or ""

    def build(self, context: Path, file: Path, *options: str) -> None:
        """Build an image; the format is the one that knows health checks."""
        own = {"docker": (), "podman": ("--format", "docker"), "buildah": ("--format", "docker")}[
            self.name
        ]
        self.run("build", *own, *options, "--file", str(file), str(context))

    def archive(self, image: str, target: Path) -> None:
        """Write an image into a file that `docker load` and `podman load` read."""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if self.name == "buildah":
            self.run("push", "--quiet", image, f"docker-archive:{target}:{image}")
        else:
            self.run("save", "--output", str(target), image)


def find_builder(wanted: str | None = None) -> Builder:
    """Return the wanted program, or the first that works here; raises StackError where there is none."""
    if wanted is not None and wanted not in NAMES:
        raise StackError(f"{wanted} builds no images.", f"Give one of {', '.join(NAMES)}.")
    for name in (wanted,) if wanted else NAMES:
        path = shutil.which(name)
        if path is not None and _works(path, _WORKS[name]):
            return Builder(name, (path,), _buildah_environment() if name == "buildah" else {})
    if wanted in {None, "buildah"}:
        return unpacked_buildah(layout.LOCAL / "buildah")
    raise StackError(f"{wanted} does not work here.", "Install it, or leave the choice to us.")


def unpacked_buildah(folder: Path) -> Builder:
    """Return Debian's buildah with a store of its own, unpacked on the first call; needs neither daemon nor mounts."""
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unpack(["buildah", "patchelf"], unfinished)
        _tell_where_libraries_are(unfinished / "debian", folder / "debian")
        unfinished.rename(folder)
    root = folder / "debian"
    command = (
        str(root / "usr/bin/buildah"),
        f"--root={STORAGE}",
        f"--runroot={STORAGE.with_name('run')}",
        "--storage-driver=vfs",
    )
    return Builder(
        "buildah",
        command,
        {
            **_buildah_environment(),
            "HOME": str(_home_with_policy(folder, root)),
            "CONTAINERS_CONF": str(root / "usr/share/containers/containers.conf"),
        },
    )


def _tell_where_libraries_are(unfinished: Path, root: Path) -> None:
    """Write the libraries' folders into the program: it starts itself anew with an empty environment."""
    folders = sorted(
        path.relative_to(unfinished) for path in unfinished.glob("usr/lib/*-linux-gnu*")
    )
    names = ":".join(str(root / folder) for folder in folders)
    patchelf = shutil.which("patchelf") or str(unfinished / "usr/bin/patchelf")
    program = str(unfinished / "usr/bin/buildah")
    subprocess.run([patchelf, "--force-rpath", "--set-rpath", names, program], check=True)


def _home_with_policy(folder: Path, root: Path) -> Path:
    """Return a home in which it finds the files that the package has below /etc."""
    home = folder / "home"
    settings = home / ".config/containers"
    if not settings.exists():
        settings.parent.mkdir(parents=True)
        shutil.copytree(root / "etc/containers", settings)
    return home


def _buildah_environment() -> dict[str, str]:
    return {"BUILDAH_ISOLATION": "chroot"}


def _works(path: str, trial: str) -> bool:
    return subprocess.run([path, trial], capture_output=True, check=False).returncode == 0
