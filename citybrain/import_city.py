"""`citybrain import-city`: a city folder from a simulator's topology or from tables."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Make a city folder from what a city already has."
    parser.add_argument("kind", choices=("oracle", "csv"), help="what the sources are")
    parser.add_argument("source", nargs="+", type=Path, help="topology.json; or tables, or their folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the city folder to write")
    parser.add_argument("--timezone", metavar="TZ", help="local time of the city, such as Asia/Shanghai")
    parser.add_argument("--mapping", type=Path, help="csv: which file and column is what (YAML)")
    parser.add_argument(
        "--free-flow-from",
        type=Path,
        action="append",
        default=[],
        metavar="OBSERVATIONS",
        help="take free-flow speeds from this recording; may be given several times",
    )
    parser.add_argument(
        "--observations-mapping",
        type=Path,
        metavar="FILE",
        help="mapping of the recording's columns, as `feed csv --mapping`",
    )
    parser.add_argument("--force", action="store_true", help="replace a city folder that is there already")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and say in one line what is in it; raises ConfigurationError and InputError."""
    from citybrain.city_sources import import_city, with_free_flow_from
    from config.city_folder import inspect_city, write_city
    from config.strict_yaml import first
    from models.errors import InputError

    out: Path = arguments.out
    if (out / "city.yaml").exists() and not arguments.force:
        raise InputError(str(out), "there is a city folder already", "--force replaces it")
    city = import_city(arguments.kind, arguments.source, out.name, arguments.timezone, arguments.mapping)
    if arguments.free_flow_from:
        city = with_free_flow_from(city, arguments.free_flow_from, arguments.observations_mapping)
    try:
        write_city(city, out)
    except OSError as error:
        raise InputError(str(out), f"cannot be written: {error.strerror}", "choose another --out") from None
    first(inspect_city(out)[1])
    methods = Counter(segment.free_flow_method for segment in city.segments)
    sys.stdout.write(
        f"{out}: {len(city.segments)} segments, {len(city.sensors)} sensors, "
        f"{len(city.districts)} districts, {len(city.corridors)} corridors; time zone {city.timezone}; "
        f"free flow {', '.join(f'{method} {n}' for method, n in sorted(methods.items()))}"
        f"{'; schematic layout' if city.schematic else ''}\n"
    )
    return 0
