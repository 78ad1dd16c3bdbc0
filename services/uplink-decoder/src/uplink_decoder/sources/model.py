# SPDX-License-Identifier: EUPL-1.2
"""One entry of `sources.yaml`: what it may say, checked before anything connects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from stadttakt_runtime.broker_access.login_names import SourceId
from stadttakt_runtime.mqtt import is_topic_filter
from uplink_decoder.domain.readings import Asset
from uplink_decoder.sources.rights import Grant, any_covers
from uplink_decoder.sources.secrets import CityPath, SecretMissingError, Variable, read_secret
from uplink_decoder.sources.storage import SourceStorage

Dialect = Literal["chirpstack", "tts", "canonical"]
Protocol = Annotated[Literal["5", "3.1.1"], BeforeValidator(str)]
DAY_S = 86_400


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _broker_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in {"mqtt", "mqtts"} or not url.hostname:
        raise ValueError("must look like mqtt://host:port or mqtts://host:port")
    if url.username is not None or url.password is not None:
        raise ValueError("a login stands in username and password_variable or password_file")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError("nothing may follow host and port")
    url.hostname.encode("idna")
    if url.port == 0:
        raise ValueError("port 0 is none")
    return text


def _topic_filter(text: str) -> str:
    if not is_topic_filter(text) or text.startswith("$share/"):
        raise ValueError("this is no MQTT topic filter")
    return text


TopicFilter = Annotated[str, AfterValidator(_topic_filter)]


class Tls(_Part):
    """Whom to trust at a `mqtts://` broker (else the machine's authorities), and who we are."""

    ca_file: CityPath | None = None
    cert_file: CityPath | None = None
    key_file: CityPath | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Tls:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file without cert_file")
        return self


class Broker(_Part):
    """A partner's broker and our login there."""

    url: Annotated[str, AfterValidator(_broker_url)]
    username: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    password_variable: Variable | None = None
    password_file: CityPath | None = None
    tls: Tls | None = None
    protocol: Protocol | None = None
    qos: Literal[0, 1] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Broker:
        if self.password_variable is not None and self.password_file is not None:
            raise ValueError("password_variable or password_file, not both")
        if (self.password_variable or self.password_file) and self.username is None:
            raise ValueError("a password needs a username")
        if self.tls is not None and not self.url.startswith("mqtts:"):
            raise ValueError("tls needs mqtts://")
        return self

    def password(self) -> str | None:
        """Return the password; raises SecretMissingError where it is named and not there."""
        return read_secret(self.password_variable, self.password_file)


class Webhook(_Part):
    """How a webhook shows that it is this source's; `user` is that of Basic."""

    secret_variable: Variable | None = None
    secret_file: CityPath | None = None
    user: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _has_one_secret(self) -> Webhook:
        if (self.secret_variable is None) == (self.secret_file is None):
            raise ValueError("secret_variable or secret_file, one of them")
        return self


class Limits(_Part):
    """How much of this source is taken at once, so that it does not hold up the others."""

    in_hand: int = Field(default=1000, ge=1, le=20_000)
    weight: int = Field(default=1, ge=1, le=100)
    webhook_waiting: int = Field(default=1000, ge=1, le=2000)


class Source(_Part):
    """One network server application, several under a wildcard, or a partner's own events."""

    source_id: SourceId
    dialect: Dialect
    broker: Literal["platform"] | Broker = "platform"
    prefix: Annotated[str, StringConstraints(pattern=r"^[^+#\x00]{0,200}$")] = ""
    topics: tuple[TopicFilter, ...] = ()
    webhook_secret: Variable | None = None
    webhook: Webhook | None = None
    rights: Literal["all"] | tuple[Grant, ...] | None = None
    storage: SourceStorage | None = None
    simulated: bool = False
    silent_after_s: Annotated[int, Field(ge=10, le=366 * DAY_S)] | None = DAY_S
    limits: Limits = Limits()

    @model_validator(mode="before")
    @classmethod
    def _usual_topics(cls, given: Any) -> Any:
        """Give a source with a broker of its own the topics of its server, below its prefix."""
        if not isinstance(given, Mapping) or given.get("topics"):
            return given
        broker = given.get("broker")
        is_own = isinstance(broker, (Mapping, Broker))
        if not is_own and not given.get("prefix"):
            return given
        usual = _usual_topic(given.get("dialect"), broker)
        prefix = str(given.get("prefix") or "").rstrip("/")
        return {**given, "topics": (f"{prefix}/{usual}" if prefix else usual,)} if usual else given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.webhook is not None and self.webhook_secret is not None:
            raise ValueError("webhook or webhook_secret, not both")
        if self.storage is not None and self.dialect != "tts":
            raise ValueError("only The Things Stack has a storage")
        if self.has_own_broker and not self.topics:
            raise ValueError("a source with a broker of its own needs topics")
        if self.rights is None and (self.has_own_broker or self.dialect == "canonical"):
            # Closed by default: a partner speaks for what somebody gave it.
            raise ValueError("a partner's source needs rights: a list of grants, or `all`")
        return self

    @property
    def has_own_broker(self) -> bool:
        """Tell whether it comes from another broker than the platform's."""
        return isinstance(self.broker, Broker)

    @property
    def silence_limit_s(self) -> int | None:
        """After how long without a message it counts as silent; a simulated one never does."""
        return None if self.simulated else self.silent_after_s

    @property
    def broker_name(self) -> str:
        """Where it comes from, for people: `platform`, or host and port."""
        if not isinstance(self.broker, Broker):
            return self.broker
        return urlsplit(self.broker.url).netloc

    @property
    def protocol(self) -> Literal["5", "3.1.1"]:
        """The version of MQTT that its own broker speaks; The Things Stack speaks the older one."""
        given = self.broker.protocol if isinstance(self.broker, Broker) else None
        return given or ("3.1.1" if self.dialect == "tts" else "5")

    @property
    def qos(self) -> Literal[0, 1]:
        """The QoS at its own broker; The Things Stack knows 0 only."""
        given = self.broker.qos if isinstance(self.broker, Broker) else None
        return given if given is not None else (0 if self.dialect == "tts" else 1)

    @property
    def webhook_user(self) -> str | None:
        """The user that Basic must name, if any."""
        return self.webhook.user if self.webhook else None

    def secret(self) -> str | None:
        """Return the webhook's secret; nothing where there is none or it cannot be read."""
        try:
            if self.webhook is not None:
                return read_secret(self.webhook.secret_variable, self.webhook.secret_file)
            return read_secret(self.webhook_secret, None)
        except SecretMissingError:
            return None

    def may_speak_for(self, asset: Asset) -> bool:
        """Tell whether what it says of this asset is taken; without rights it is."""
        if self.rights is None or self.rights == "all":
            return True
        return any_covers(self.rights, asset)


def lacking_right(source: Source, asset: Asset | None) -> str | None:
    """Return in words that a source may not speak for what a device watches, if so."""
    if asset is None or source.may_speak_for(asset):
        return None
    return f"{source.source_id} may not speak for {asset.kind} {asset.asset_id!r}"


def _usual_topic(dialect: object, broker: object) -> str | None:
    if dialect == "chirpstack":
        return "application/+/device/+/event/+"
    if dialect == "tts":
        # The Things Stack lets a login see its own application only.
        user = (
            broker.get("username")
            if isinstance(broker, Mapping)
            else getattr(broker, "username", None)
        )
        return f"v3/{user or '+'}/devices/+/#"
    return "observation/#" if dialect == "canonical" else None
