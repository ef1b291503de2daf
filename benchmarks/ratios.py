"""The figures that a run is judged by, and how each follows from the contenders' medians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Ratio(NamedTuple):
    """`dividend` over `divisor`, both CPU seconds per million observations of the Kafka table."""

    name: str
    sentence: str
    dividend: str
    divisor: str
    at_least: float | None = None
    at_most: float | None = None

    def reached(self, value: float) -> bool:
        """Whether the value is what was asked for."""
        if self.at_most is not None and value > self.at_most:
            return False
        return self.at_least is None or value >= self.at_least

    @property
    def asked(self) -> str:
        """The limit in words."""
        return f"≥ {self.at_least:g}" if self.at_most is None else f"≤ {self.at_most:g}"


RATIOS = (
    Ratio(
        "vs_faust_record",
        "plain Faust with `faust.Record`, the mean, over the whole index job, JSON",
        "faust_record",
        "index_json",
        at_least=35,
    ),
    Ratio(
        "vs_bytewax_window",
        "Bytewax windowed over the whole index job, JSON",
        "bytewax_window",
        "index_json",
        at_least=4,
    ),
    Ratio(
        "vs_quix_window",
        "Quix tumbling window over the whole index job, JSON",
        "quix_window",
        "index_json",
        at_least=10,
    ),
    Ratio(
        "vs_aiokafka_numpy",
        "bare aiokafka, msgspec and numpy, the mean, over the whole index job, JSON",
        "aiokafka_numpy",
        "index_json",
        at_least=0.75,
    ),
    Ratio(
        "columnar_vs_json",
        "the whole index job on JSON over the same on columnar records",
        "index_json",
        "index_columnar",
        at_least=3,
    ),
    Ratio(
        "columnar_vs_decode_limit",
        "decoding and windows without a broker, over the whole index job, columnar",
        "limit_columnar",
        "index_columnar",
        at_least=0.5,
    ),
    Ratio(
        "cost_100k_vs_1k_segments",
        "an observation of a city of 100,000 segments over one of 1,000",
        "index_json_100k",
        "index_json",
        at_most=1.5,
    ),
)


def ratios(cpu_s_per_million: Mapping[str, float]) -> dict[str, float]:
    """Name -> value, of the contenders that ran."""
    return {
        ratio.name: cpu_s_per_million[ratio.dividend] / cpu_s_per_million[ratio.divisor]
        for ratio in RATIOS
        if ratio.dividend in cpu_s_per_million and ratio.divisor in cpu_s_per_million
    }
