# SPDX-License-Identifier: EUPL-1.2
"""Everything between a sensor and the broker that can go wrong: sends uplinks, injects faults, keeps the record."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import replace
from itertools import count

from stadttakt_simulators.clock import EpochNs, later, rfc3339
from stadttakt_simulators.faults import Fault, FaultPlan, broken, wrong_json
from stadttakt_simulators.lorawan.dialects.model import Message
from stadttakt_simulators.lorawan.encoders.model import Frame, Occasion
from stadttakt_simulators.network import EXACT, ClockShift, Network, Node, Transmission
from stadttakt_simulators.sensors import BayWatch, Surroundings, carries_state
from stadttakt_simulators.truth import FaultTruth, Truth, UplinkTruth

STRANGER_FRAME = Frame(1, b"\x01")
STATUS_SHARE = 0.05
DUPLICATE_AFTER_S = (0.0, 2.0)


class Air:
    """Sends for the nodes; messages become due at the time their server would hand them on."""

    def __init__(self, network: Network, plan: FaultPlan, rng: random.Random) -> None:
        self.records: list[Truth] = []
        self.faults: Counter[str] = Counter()
        self._network, self._plan, self._rng = network, plan, rng
        self._outbox: list[tuple[EpochNs, int, Message]] = []
        self._numbers = count()

    def due(self, now: EpochNs) -> list[Message]:
        """This function takes the messages that their servers have published by now."""
        messages = []
        while self._outbox and self._outbox[0][0] <= now:
            messages.append(heapq.heappop(self._outbox)[2])
        return messages

    def rest(self) -> list[Message]:
        """This function takes the messages that their servers have yet to publish."""
        return self.due(max((at for at, _, _ in self._outbox), default=EpochNs(0)))

    def join(self, node: Node, at: EpochNs) -> None:
        """This function lets a node join anew."""
        self._publish(self._network.join(node, at), at)

    def uplink(self, node: Node, occasion: Occasion, around: Surroundings) -> bool:
        """This function measures, encodes and sends; false when a fault kept it from arriving readable."""
        now, dev_eui = around.now, node.identity.dev_eui
        frame = node.watch.frame(occasion, around, node.sequence) if node.watch else STRANGER_FRAME
        if self._plan.strikes(Fault.COUNTER_RESET, dev_eui):
            self._reset(node, occasion, frame, now)
        payload_fault = None
        if self._plan.strikes(Fault.BROKEN_PAYLOAD, dev_eui):
            payload_fault, payload = broken(frame.payload, self._rng)
            frame = Frame(frame.f_port, payload)
        clock_fault, clocks = self._clocks(dev_eui)
        sent = self._network.transmit(node, frame, now, clocks=clocks)
        message = self._deliver(node, sent, now)
        self._record_uplink(node, occasion, frame, sent, now, delivered=message is not None)
        if message is None:
            return False
        if payload_fault:
            self._fault(Fault.BROKEN_PAYLOAD, dev_eui, message.identity, now, payload_fault)
        if clock_fault:
            self._fault(clock_fault, dev_eui, message.identity, now, _wrong_clocks(clocks))
        if node.watch is None:
            self._fault(Fault.UNKNOWN_DEVICE, dev_eui, message.identity, now, "not in devices.csv")
        self._after(node, occasion, message, sent.server_at)
        return payload_fault is None and message is sent.message

    def stranger(self, node: Node, at: EpochNs) -> None:
        """This function sends an uplink of a device that nobody registered."""
        sent = self._network.transmit(node, STRANGER_FRAME, at)
        self._record_uplink(
            node, Occasion.CHANGE, STRANGER_FRAME, sent, at, delivered=sent.message is not None
        )
        if sent.message is not None:
            self._publish(sent.message, sent.server_at)
            self._fault(
                Fault.UNKNOWN_DEVICE,
                node.identity.dev_eui,
                sent.message.identity,
                at,
                "not in devices.csv",
            )

    def note(self, fault: Fault, dev_eui: str, at: EpochNs, detail: str) -> None:
        """This function records a fault that happened before anything was sent."""
        self._fault(fault, dev_eui, None, at, detail)

    def silence(self, node: Node, at: EpochNs) -> None:
        """This function makes a node silent for good."""
        node.silent = True
        self._fault(Fault.SILENT, node.identity.dev_eui, None, at, "silent from now on")

    def _clocks(self, dev_eui: str) -> tuple[Fault | None, ClockShift]:
        for fault, sign in ((Fault.LATE_TIME, -1), (Fault.FUTURE_TIME, 1)):
            if self._plan.strikes(fault, dev_eui):
                shift_s = sign * self._plan.seconds(fault)
                return fault, ClockShift(shift_s, self._rng.choice((0.0, shift_s)))
        return None, EXACT

    def _reset(self, node: Node, occasion: Occasion, frame: Frame, now: EpochNs) -> None:
        """This function restarts the counter: the server refuses an uplink (ChirpStack logs it), then sees a join."""
        identity = None
        if node.network == "chirpstack":
            log = self._network.chirpstack.log(node.identity, now, "UPLINK_F_CNT_RESET", self._rng)
            self._publish(log, now)
            identity = log.identity
        self._fault(
            Fault.COUNTER_RESET,
            node.identity.dev_eui,
            identity,
            now,
            f"was {node.f_cnt}, starts again at 0",
        )
        refused = Transmission(0, None, now)
        self._record_uplink(node, occasion, frame, refused, now, delivered=False)
        self.join(node, now)

    def _deliver(self, node: Node, sent: Transmission, now: EpochNs) -> Message | None:
        dev_eui, message = node.identity.dev_eui, sent.message
        if message is None:
            self._fault("unheard", dev_eui, None, now, "no gateway heard it")
            return None
        if self._plan.strikes(Fault.LOSS, dev_eui):
            self._fault(Fault.LOSS, dev_eui, message.identity, now, "lost before the broker")
            return None
        if self._plan.strikes(Fault.WRONG_JSON, dev_eui):
            kind, body = wrong_json(message.payload, self._rng)
            message = replace(message, payload=body)
            self._fault(Fault.WRONG_JSON, dev_eui, message.identity, now, kind)
        delay_s = 0.0
        if self._plan.strikes(Fault.REORDER, dev_eui):
            delay_s = self._plan.seconds(Fault.REORDER) * self._rng.uniform(0.5, 1.0)
            self._fault(Fault.REORDER, dev_eui, message.identity, now, f"{delay_s:.1f} s late")
        self._publish(message, later(sent.server_at, delay_s))
        return message

    def _after(self, node: Node, occasion: Occasion, message: Message, at: EpochNs) -> None:
        dev_eui = node.identity.dev_eui
        if self._plan.strikes(Fault.DUPLICATE, dev_eui):
            self._publish(message, later(at, self._rng.uniform(*DUPLICATE_AFTER_S)))
            self._fault(Fault.DUPLICATE, dev_eui, message.identity, at, "delivered twice")
        if node.network != "chirpstack":
            return
        server = self._network.chirpstack
        if self._plan.strikes(Fault.RETRANSMISSION, dev_eui):
            log = server.log(node.identity, at, "UPLINK_F_CNT_RETRANSMISSION", self._rng)
            self._publish(log, later(at, 1.0))
            self._fault(
                Fault.RETRANSMISSION, dev_eui, log.identity, at, "server logged a repeated counter"
            )
        if occasion is Occasion.HEARTBEAT and self._rng.random() < STATUS_SHARE:
            battery = round(self._rng.uniform(60, 100), 2)
            status = server.status(
                node.identity,
                at,
                self._rng,
                margin_db=self._rng.randint(2, 20),
                battery_percent=battery,
            )
            self._publish(status, later(at, 2.0))

    def _publish(self, message: Message, at: EpochNs) -> None:
        heapq.heappush(self._outbox, (at, next(self._numbers), message))

    def _fault(
        self, fault: str, dev_eui: str, identity: str | None, at: EpochNs, detail: str
    ) -> None:
        self.faults[str(fault)] += 1
        self.records.append(FaultTruth(rfc3339(at, "Z"), str(fault), dev_eui, identity, detail))

    def _record_uplink(
        self,
        node: Node,
        occasion: Occasion,
        frame: Frame,
        sent: Transmission,
        at: EpochNs,
        *,
        delivered: bool,
    ) -> None:
        watch = node.watch if isinstance(node.watch, BayWatch) else None
        stated = watch is not None and carries_state(watch, occasion)
        self.records.append(
            UplinkTruth(
                time=rfc3339(at, "Z"),
                dev_eui=node.identity.dev_eui,
                network=node.network,
                identity=sent.message.identity if sent.message else None,
                f_cnt=sent.f_cnt,
                f_port=frame.f_port,
                payload_hex=frame.payload.hex(),
                occasion=occasion,
                bay_id=watch.bay_id if watch else None,
                occupied=watch.occupied if watch and stated else None,
                delivered=delivered,
            )
        )


def _wrong_clocks(clocks: ClockShift) -> str:
    whose = "all clocks" if clocks.server_s else "gateway clock"
    return f"{whose} off by {clocks.gateway_s:.0f} s"
