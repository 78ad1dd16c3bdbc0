# SPDX-License-Identifier: EUPL-1.2
"""Which of a message's times is the observation time.

ChirpStack's `time` is the first gateway's GPS time without a sanity check; gateways with a wrong
clock are common (chirpstack#732), and The Things Stack writes year 1 for a time it lacks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from uplink_decoder.domain.uplink import Flag, MessageTimes, Times

MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=31)
"""The Things Stack keeps uplinks for at most 30 days; nothing older can be fetched late."""
MAX_GATEWAY_OFF = timedelta(minutes=5)
LATE = timedelta(minutes=5)


def read_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time with 0 to 9 fraction digits; nothing for an absent or unreadable one.

    Digits below the microsecond are cut off; a time without zone is UTC.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    elif time.tzinfo is not UTC:
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            return None
    return time if time.year > 1 else None


def choose(times: MessageTimes, received_at: datetime) -> Times:
    """Return the best plausible observation time, flagged where a better one was refused.

    Order: gateway, network server, application server, received here. A time is plausible up to
    5 minutes ahead of and 31 days before `received_at`; a gateway's time must also lie within
    5 minutes of its network server's.
    """
    flags: list[Flag] = []
    server = times.network_server or times.application_server
    candidates = (
        ("gateway", times.gateway),
        ("network_server", times.network_server),
        ("application_server", times.application_server),
    )
    for name, time in candidates:
        if time is None:
            continue
        flag = _objection(time, received_at)
        if flag is None and name == "gateway" and server and abs(time - server) > MAX_GATEWAY_OFF:
            flag = Flag.GATEWAY_TIME_OFF
        if flag is None:
            return Times(time, received_at, name, tuple(flags))
        if flag not in flags:
            flags.append(flag)
    if not flags:
        flags.append(Flag.NO_TIME)
    return Times(received_at, received_at, "received", tuple(flags))


def frame_time(times: MessageTimes, received_at: datetime) -> datetime:
    """Return the time that a payload's own "minutes ago" are reckoned from.

    That is the time of receipt, unless the message comes late: fetched from a server's storage,
    or out of a broker's queue after an outage.
    """
    server = times.network_server or times.application_server
    if server is None or received_at - server <= LATE:
        return received_at
    return choose(times, received_at).observed_at


def plausible(time: datetime, received_at: datetime) -> bool:
    """Tell whether a reading's own time can be true."""
    return _objection(time, received_at) is None


def _objection(time: datetime, received_at: datetime) -> Flag | None:
    if time > received_at + MAX_AHEAD:
        return Flag.FUTURE_TIME
    if time < received_at - MAX_AGE:
        return Flag.OLD_TIME
    return None
