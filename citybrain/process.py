"""What every long-running command sets up first: logging, and who may speak in it."""

from __future__ import annotations

import logging
import sys

import structlog

from config.settings import Settings, variable_of
from models.errors import ConfigurationError
from streams.broker import EMBEDDED

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
NOISY = {
    # Each says per connection or per rebalance what our own lines say once.
    "aiokafka": logging.ERROR,
    "kafka": logging.ERROR,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "clickhouse_driver": logging.CRITICAL,
    "uvicorn": logging.WARNING,
}


def prepare_process(settings: Settings) -> None:
    """Structured logs on standard error, in the shape and from the level that the settings ask for."""
    shape: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    for name, level in NOISY.items():
        logging.getLogger(name).setLevel(level)


def refuse_embedded(settings: Settings) -> None:
    """ConfigurationError for the broker that lives inside `citybrain up` and is closed to other processes."""
    if settings.broker == EMBEDDED:
        raise ConfigurationError(
            variable_of("broker"),
            "",
            "this process needs a Kafka that others reach too",
            "give its host:port, or run everything in one process with `citybrain up`",
        )
