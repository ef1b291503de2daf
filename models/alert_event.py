"""What happens to an alert, as the stream carries it and the history keeps it."""

from __future__ import annotations

import msgspec

KINDS = ("incident", "congestion", "sensor_fault", "missing", "pipeline", "other")
RAISED, CHANGED, CLEARED = "raised", "changed", "cleared"


class AlertEvent(msgspec.Struct, frozen=True):
    """One record of topic `alerts` and one row of table `alert_events`.

    `severity` 1 minor .. 4 extreme; `at_ms` the log's clock when it was decided, UTC epoch ms; `detail` the
    reason in words; `version` the log time, in ms, that the decision rests on: it grows along an alert's
    life, and a rule that starts again looks at nothing older than that.
    """

    alert_id: str
    kind: str
    rule: str
    segment_id: str
    district_id: str
    severity: int
    event: str
    at_ms: int
    detail: str
    version: int

    @property
    def key(self) -> bytes:
        """The record's key: telling the same event again gives the same key."""
        return f"{self.alert_id}:{self.event}".encode()


def alert_id(rule: str, place_id: str, since_s: int) -> str:
    """The identity of an alert: which rule, about which segment or sensor, true since when.

    `rule` has no dot. The same log gives the same id, whoever reads it and however often.
    """
    return f"{rule}.{place_id}.{since_s}"


def parts_of(identity: str) -> tuple[str, str, int]:
    """(rule, place_id, since_s) of an alert's id; raises ValueError for what `alert_id` did not make."""
    rule, _, rest = identity.partition(".")
    place_id, _, since_s = rest.rpartition(".")
    if not rule or not place_id or not since_s.isdecimal():
        raise ValueError(f"{identity!r} is no alert id")
    return rule, place_id, int(since_s)


_decoder = msgspec.json.Decoder(AlertEvent)
encode_alert_event = msgspec.json.Encoder().encode
decode_alert_event = _decoder.decode
"""Raises msgspec.DecodeError for what is not an alert event."""
