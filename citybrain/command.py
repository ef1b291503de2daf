"""The command line: one table of commands, each loaded only when it is asked for.

Exit codes: 0 done, 1 something was found or failed, 2 the input or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from citybrain import __version__, flags
from models.errors import CitybrainError, ConfigurationError, InputError, Unavailable

WRONG_INPUT = 2
FAILED = 1


class Command(NamedTuple):
    """A command's name, the module that has its `run`, one sentence, and what declares its flags: None is
    `add_arguments` of that module, which is quick to load."""

    name: str
    module: str
    sentence: str
    flags: Callable[[argparse.ArgumentParser], None] | None = None


COMMANDS = (
    Command(
        "up",
        "citybrain.up",
        "Run everything in this process: broker, indices, history, wall, demo city.",
        flags.up_flags,
    ),
    Command(
        "worker",
        "citybrain.worker",
        "Run one stage against a Kafka cluster: index, merge, alerts or archive.",
        flags.worker_flags,
    ),
    Command(
        "wall",
        "citybrain.wall",
        "Serve the wall, the analyst and health pages and the API.",
        flags.wall_flags,
    ),
    Command("feed", "citybrain.feed", "Replay a recording, or the demo city, into the observations topic."),
    Command("import-city", "citybrain.import_city", "Make a city folder from someone else's files."),
    Command(
        "backtest",
        "citybrain.backtest",
        "Run the live code on a recording, without a broker.",
        flags.backtest_flags,
    ),
    Command("migrate", "citybrain.migrate", "Bring the history's tables up to date.", flags.migrate_flags),
    Command("check", "citybrain.check", "Check a city folder, mapping files, calendars and settings."),
    Command(
        "dead-letters",
        "citybrain.dead_letters",
        "List and show the records that were refused.",
        flags.dead_letters_flags,
    ),
    Command("export", "citybrain.export", "Write indices of the history as CSV.", flags.export_flags),
    Command("doctor", "citybrain.doctor", "Check what this machine offers."),
)


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands. Only the `chosen` command's module is loaded; None loads every one."""
    parser = argparse.ArgumentParser(
        prog="citybrain", description="A city's live picture: observations in, indices out, on one wall."
    )
    parser.add_argument("--version", action="version", version=f"citybrain {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.sentence, description=command.sentence)
        if chosen is None or command.name == chosen:
            declare = command.flags or import_module(command.module).add_arguments
            declare(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), "")
    arguments = build_parser(chosen).parse_args(words)
    module = next(command.module for command in COMMANDS if command.name == arguments.command)
    run: Callable[[argparse.Namespace], int] = import_module(module).run
    try:
        return run(arguments)
    except (ConfigurationError, InputError) as error:
        print(f"citybrain {arguments.command}: {error}", file=sys.stderr)
        return WRONG_INPUT
    except Unavailable as error:
        print(f"citybrain {arguments.command}: {_why_unavailable(error)}", file=sys.stderr)
        return FAILED
    except CitybrainError as error:
        print(f"citybrain {arguments.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _why_unavailable(error: Unavailable) -> str:
    """Place, problem and remedy: the error's own text promises another try, but this process ends."""
    held = error.place.startswith("chdb:") and error.problem.startswith("held by another process")
    remedy = " (another citybrain uses it; ask its API or stop it)" if held else ""
    return f"{error.place}: {error.problem}{remedy}"
