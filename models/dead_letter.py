"""What a refused record becomes: place, reason and payload, so that it can be explained and replayed."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import msgspec

MAXIMUM_KEPT_BYTES = 64 * 1024


class DeadLetter(msgspec.Struct):
    """One record of topic `dead-letters`. `payload_base64` holds the first 64 KiB of the payload;
    `payload_bytes` and `payload_sha256` speak of the whole."""

    topic: str
    partition: int
    log_id: str
    offset: int
    received_ms: int
    reason: str
    detail: str
    payload_base64: str
    payload_bytes: int
    payload_sha256: str


def dead_letter(
    topic: str,
    partition: int,
    log_id: str,
    offset: int,
    received_ms: int,
    reason: str,
    detail: str,
    payload: bytes,
) -> DeadLetter:
    """The dead letter of one refused record; `received_ms` is the record's own Kafka time, so that making it
    again gives the same letter."""
    return DeadLetter(
        topic,
        partition,
        log_id,
        offset,
        received_ms,
        reason,
        detail[:500],
        b64encode(payload[:MAXIMUM_KEPT_BYTES]).decode("ascii"),
        len(payload),
        sha256(payload).hexdigest(),
    )


_decoder = msgspec.json.Decoder(DeadLetter)
encode_dead_letter = msgspec.json.Encoder().encode
decode_dead_letter = _decoder.decode
