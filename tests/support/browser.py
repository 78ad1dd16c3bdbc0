# SPDX-License-Identifier: EUPL-1.2
"""A real browser for tests of pages: the machine's Chromium, else Debian's, unpacked beside the project."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from support.debian_program import libraries_of, unpacked

_PACKAGES = ["chromium", "fonts-dejavu-core"]
_FONTS = """<?xml version="1.0"?>
<fontconfig>
  <dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir>
</fontconfig>
"""


@dataclass(frozen=True)
class Program:
    """A Chromium and the environment it needs."""

    path: Path
    environment: dict[str, str | float | bool] = field(default_factory=dict)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Yield a browser that talks to loopback only."""
    program = await asyncio.to_thread(_program)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program.path,
            env={**os.environ, **program.environment},
            args=["--no-sandbox", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            await browser.close()


def _program() -> Program:
    """Return the machine's Chromium; where it has none, one that is unpacked on the first call."""
    on_machine = shutil.which("chromium")
    if on_machine is not None:
        return Program(Path(on_machine))
    return _unpacked(unpacked("browser", _PACKAGES))


def _unpacked(folder: Path) -> Program:
    root = folder / "debian"
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=root / "usr/share/fonts", cache=folder / "font-cache"))
    return Program(
        root / "usr/lib/chromium/chromium",
        {
            "LD_LIBRARY_PATH": libraries_of(folder),
            "FONTCONFIG_FILE": str(fonts),
        },
    )
