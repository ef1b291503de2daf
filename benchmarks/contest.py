"""Who takes part: the contenders, the logs that they read, and the tables that result."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from benchmarks.workload import Workload
from streams.topics import OBSERVATIONS

PARTITIONS = 8
TENTH = "observations.tenth"
FIFTH = "observations.fifth"
EMBEDDED_PARTITIONS = 16
EMBEDDED_PERIODS = 90
"""The embedded broker keeps 5 MB per partition."""


class Contender(NamedTuple):
    """`module` of benchmarks.contenders, run by the Python of `environment`."""

    name: str
    title: str
    module: str
    environment: str = "project"
    index_job: bool = False
    newest_missing: bool = False
    """It tells closed windows only, and nothing closes the newest one."""


class Log(NamedTuple):
    """A workload on a topic; logs of one `server` lie on one Kafka. A log without server is read from memory.

    The index job reads one topic only, whose name is fixed: every log of it has a server of its own.
    """

    workload: Workload
    server: str
    topic: str = OBSERVATIONS.name
    columnar: bool = False


class Entry(NamedTuple):
    """One contender on one log, a line of a table."""

    contender: Contender
    log: Log


class Table(NamedTuple):
    """Entries that run in turn, round by round."""

    name: str
    title: str
    embedded: bool
    entries: tuple[Entry, ...]


INDEX = Contender("index_json", "citybrain, the whole index job, JSON records", "index_job", index_job=True)
INDEX_COLUMNAR = Contender(
    "index_columnar", "citybrain, the whole index job, columnar records", "index_job", index_job=True
)
INDEX_LARGE = Contender(
    "index_json_100k", "citybrain, the whole index job, JSON, 100,000 segments", "index_job", index_job=True
)
INDEX_100 = Contender(
    "index_json_100", "citybrain, the whole index job, JSON, 100 segments", "index_job", index_job=True
)
INDEX_10K = Contender(
    "index_json_10k", "citybrain, the whole index job, JSON, 10,000 segments", "index_job", index_job=True
)
FAUST_RECORD = Contender("faust_record", "plain Faust, `faust.Record`, dictionary", "faust_record")
FAUST_TAKE = Contender("faust_take", "plain Faust, `take(1000)`, msgspec, numpy", "faust_take")
QUIX = Contender(
    "quix_window", "Quix Streams, tumbling window", "quix_windows", "quixstreams", newest_missing=True
)
BYTEWAX = Contender("bytewax_window", "Bytewax, `fold_window`", "bytewax_windows", "bytewax")
AIOKAFKA = Contender("aiokafka_numpy", "bare aiokafka, msgspec, numpy", "aiokafka_numpy")
CONFLUENT = Contender("confluent_numpy", "bare confluent-kafka, tuned, msgspec, numpy", "confluent_numpy")
MEAN_LIMIT = Contender("limit_mean", "no broker: msgspec and numpy, the mean", "decode_mean")
JSON_LIMIT = Contender("limit_json", "no broker: citybrain's decoding and windows, JSON", "decode_windows")
COLUMNAR_LIMIT = Contender(
    "limit_columnar", "no broker: citybrain's decoding and windows, columnar", "decode_windows"
)

_WHOLE = Workload(segments=1_000, periods=1_000, partitions=PARTITIONS)
# Contenders that take an event at a time read a part of it: their cost per event is the same, and a run takes
# seconds instead of minutes. Starting them weighs a little on it, most on Bytewax (2 %).
_FIFTH = replace(_WHOLE, periods=200)
_TENTH = replace(_WHOLE, periods=100)
# Columnar records are read so quickly that more are needed to make starting weigh as little.
_LONG = replace(_WHOLE, periods=3_000)
_LARGE = Workload(segments=100_000, periods=10, partitions=PARTITIONS)
# As many observations from a small city are a longer time: with a clock record a minute they are not drowned.
_SMALL_CITY = Workload(segments=100, periods=5_000, partitions=PARTITIONS, clock_every_s=60)
_MIDDLE_CITY = Workload(segments=10_000, periods=100, partitions=PARTITIONS)
_EMBEDDED = Workload(segments=1_000, periods=EMBEDDED_PERIODS, partitions=EMBEDDED_PARTITIONS)


def _against_peers(whole: Log, fifth: Log, tenth: Log) -> tuple[Entry, ...]:
    return (
        Entry(FAUST_RECORD, tenth),
        Entry(FAUST_TAKE, tenth),
        Entry(QUIX, fifth),
        Entry(BYTEWAX, fifth),
        Entry(AIOKAFKA, whole),
        Entry(CONFLUENT, whole),
        Entry(INDEX, whole),
    )


def _logs(form: str, server: str) -> tuple[Log, Log, Log]:
    """The whole log, its first fifth and its first tenth, on one Kafka."""
    return (
        Log(replace(_WHOLE, form=form), server),
        Log(replace(_FIFTH, form=form), server, FIFTH),
        Log(replace(_TENTH, form=form), server, TENTH),
    )


def _kafka_table() -> Table:
    in_memory = Log(_FIFTH, "")
    return Table(
        "kafka",
        "A real Kafka, observations of 215 bytes",
        False,
        (
            *_against_peers(*_logs("full", "json")),
            Entry(INDEX_COLUMNAR, Log(_LONG, "columnar", columnar=True)),
            Entry(INDEX_LARGE, Log(_LARGE, "large")),
            Entry(MEAN_LIMIT, in_memory),
            Entry(JSON_LIMIT, in_memory),
            Entry(COLUMNAR_LIMIT, in_memory._replace(columnar=True)),
        ),
    )


def _short_table() -> Table:
    in_memory = Log(replace(_FIFTH, form="short"), "")
    entries = (
        *_against_peers(*_logs("short", "short")),
        Entry(MEAN_LIMIT, in_memory),
        Entry(JSON_LIMIT, in_memory),
    )
    return Table("kafka_short", "A real Kafka, observations of 93 bytes", False, entries)


def _segments_table() -> Table:
    entries = (
        Entry(INDEX_100, Log(_SMALL_CITY, "small")),
        Entry(INDEX_10K, Log(_MIDDLE_CITY, "middle")),
    )
    return Table("segments", "A real Kafka, cities of other sizes", False, entries)


def _embedded_table() -> Table:
    log = Log(_EMBEDDED, "embedded")
    entries = (*_against_peers(log, log, log), Entry(INDEX_COLUMNAR, log._replace(columnar=True)))
    return Table("embedded", "The embedded broker, observations of 215 bytes", True, entries)


TABLES = (_kafka_table(), _embedded_table(), _short_table(), _segments_table())
