# SPDX-License-Identifier: EUPL-1.2
"""Sends mails to submitters, one after the other, each at least once."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib

from measure_registry import metrics
from measure_registry.sealing import KeyFileError, Vault
from measure_registry.settings import Settings
from measure_registry.site.frame import Site, tell
from measure_registry.storage import city as stored
from measure_registry.storage import mails
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

LOOK_EVERY_S = 2.0
Outcome = Literal["sent", "refused", "nobody", "failed", "broken"]
TIMEOUT_S = 30.0
"""For each command of SMTP."""
HAND_OVER_S = 45.0
"""For all of them: the transaction that has the mail is silent meanwhile, and the server ends one that is so for a minute."""
_PERMANENT = 500
"""From here on a reply of SMTP holds for good."""
log = get_logger(__name__)


class Mailer:
    """Takes due mails from the table; the address is opened when it is needed and never logged."""

    def __init__(self, settings: Settings, database: Database, vault: Vault | None) -> None:
        self._url = urlsplit(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
        self._sender = settings.mail_from
        self._site = Site(settings.public_url)
        self._database = database
        self._vault = vault

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`."""
        if self._url is None or self._vault is None:
            log.warning("mail_not_configured", consequence="submitters get no mail")
            await stop.wait()
            return
        while not stop.is_set():
            while not stop.is_set() and await self.send_next():
                pass
            await pause(stop, LOOK_EVERY_S)

    async def send_next(self) -> bool:
        """Send one mail; tell whether there was one."""
        return await self._database.persist(self._send_one)

    async def _send_one(self, connection: Any) -> bool:
        row = await mails.next_due(connection, utc_now())
        city = await stored.read(connection) if row is not None else None
        if row is None or city is None:
            metrics.MAILS_WAITING.set(await mails.count_waiting(connection))
            return False
        outcome = await self._sent(row, city)
        metrics.MAILS.labels(outcome).inc()
        match outcome:
            case "sent":
                await mails.mark_sent(connection, row["mail_id"], utc_now())
            case "refused" | "nobody":
                await mails.drop(connection, [row["mail_id"]])
            case "failed" | "broken":
                await mails.put_off(connection, row["mail_id"], row["tries"], utc_now())
        return True

    async def _sent(self, row: Any, city: City) -> Outcome:
        """Send a mail; return what became of it. The server's own words, which may repeat the address, are not told."""
        idea_id = row["idea_id"]
        try:
            message = self._message(row, city)
            if message is None:
                return "nobody"
            async with asyncio.timeout(HAND_OVER_S):
                await self._hand_over(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            if _is_final(error):
                log.warning("mail_refused", idea_id=idea_id, error=type(error).__name__)
                return "refused"
            log.warning("mail_failed", idea_id=idea_id, error=type(error).__name__)
            return "failed"
        except Exception as error:  # noqa: BLE001  # one mail that cannot be written must not end the service for all
            log.error("mail_broken", idea_id=idea_id, error=type(error).__name__)  # noqa: TRY400 (the address)
            return "broken"
        return "sent"

    def _message(self, row: Any, city: City) -> EmailMessage | None:
        """Return the mail; nothing where the contact data are gone or do not open."""
        if row["sealed"] is None or self._vault is None:
            return None
        idea_id, language = row["idea_id"], row["language"]
        try:
            contact = self._vault.open(row["key_id"], row["sealed"], idea_id)
            token = self._vault.status_token(idea_id, row["key_id"])
        except KeyFileError as error:
            log.warning("contact_does_not_open", idea_id=idea_id, error=str(error))
            return None
        said = {
            "idea": idea_id,
            "title": row["title"],
            "city": city.intake.city_name,
            "link": self._site.absolute(f"/stand/{token}"),
            "state": city.workflow.title(row["state"] or "", language),
            "about": f"„{row['about']}“" if row["about"] else tell("mail_other", language),
        }
        message = EmailMessage()
        message["From"], message["To"] = self._sender, contact.email
        message["Subject"] = tell(f"mail_{row['kind']}_subject", language, **said)
        message["Date"] = utc_now()
        message["Message-ID"] = make_msgid(
            domain=parseaddr(self._sender)[1].rpartition("@")[2] or None
        )
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(tell(f"mail_{row['kind']}", language, **said))
        return message

    async def _hand_over(self, message: EmailMessage) -> None:
        url = self._url
        if url is None:
            return
        await aiosmtplib.send(
            message,
            hostname=url.hostname,
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            start_tls=True if url.scheme == "smtp+starttls" else None,
            timeout=TIMEOUT_S,
        )


def _is_final(error: Exception) -> bool:
    """Tell whether a server will never take mail for this address (RFC 5321, 4.2.1: replies of class 5).

    A refused sender is ours to mend, and a reply of class 4 (greylisting, a full box) holds for now only.
    """
    return isinstance(error, aiosmtplib.SMTPRecipientsRefused) and all(
        each.code >= _PERMANENT for each in error.recipients
    )
