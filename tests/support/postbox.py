# SPDX-License-Identifier: EUPL-1.2
"""A mail server of the test's own, that keeps what it is handed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from support.stack import free_ports


@dataclass
class Postbox:
    """Takes mails, or refuses them with an answer of one's own; keeps what was said around them, too."""

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answer: str = "250 taken"
    recipient: str = "250 known"
    """What is said to who is to get a mail, before it is sent."""
    waits_s: float = 0.0
    """How long each answer takes."""

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a recipient, or refuse it."""
        await asyncio.sleep(self.waits_s)
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail."""
        await asyncio.sleep(self.waits_s)
        if self.answer.startswith("250"):
            found = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(found, EmailMessage)
            self.mails.append(found)
            self.raw.append(envelope.content)
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer


@contextmanager
def taking_mails() -> Iterator[tuple[Postbox, str]]:
    """Yield a postbox and its address."""
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()
