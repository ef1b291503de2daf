"""What the documentation names exists, and what exists is named there."""

from __future__ import annotations

import argparse
import re
import shlex
from datetime import date

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from citybrain import __version__
from citybrain.command import COMMANDS, build_parser
from config.settings import Settings, variable_of
from dashboard.api import api_routes
from dashboard.fanout import Fanout
from dashboard.history_reader import HistoryReaders
from dashboard.hub import Hub
from dashboard.metrics import METRICS, WebMetrics
from dashboard.probes import probe_routes
from dashboard.queries import Queries
from dashboard.questions import History
from dashboard.routing import PAGE_PATHS
from dashboard.snapshot_form import Area, Feeds, Lag, Snapshot
from dashboard.stream import stream_routes
from dashboard.texts import LEVEL_KEYS, TEXTS
from models.index_columns import AREA_DTYPES, SEGMENT_DTYPES
from store.history import open_history
from streams.metrics import WORKER_METRICS
from streams.topics import TOPICS
from tests.docs.pages import DOCS, all_pages, command_lines, headings, text_of
from tests.docs.regions import REGION, actions_of, regions_of, rendered
from tests.models.builders import a_city

TEXT = all_pages()
WRITTEN = "\n".join(TEXT.values())


def a_workday(_: date) -> str:
    return "workday"


# --- parts that are made from the code ---


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return rendered()


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_what_is_made_from_the_code_is_up_to_date(page: str, made: dict[str, str]) -> None:
    for name, body in regions_of(text_of(f"docs/{page}")).items():
        assert body == made[name], f"{page}: {name}: run python -m tests.docs.regions"


def test_everything_made_from_the_code_stands_on_exactly_one_page(made: dict[str, str]) -> None:
    shown = [region["name"] for text in TEXT.values() for region in REGION.finditer(text)]
    assert sorted(shown) == sorted(made)


# --- commands ---


def test_every_command_has_its_chapter_and_no_other_one_has() -> None:
    chapters = [h for h in headings(text_of("docs/commands.md")) if h.startswith("citybrain ")]
    assert chapters == [f"citybrain {command.name}" for command in COMMANDS]


EXAMPLES = sorted({(page, line) for page, text in TEXT.items() for line in command_lines(text)})


@pytest.mark.parametrize(("page", "line"), EXAMPLES, ids=[f"{p}-{line}" for p, line in EXAMPLES])
def test_every_example_command_is_understood(page: str, line: str) -> None:
    try:
        build_parser().parse_args(shlex.split(line, comments=True)[1:])
    except SystemExit:
        pytest.fail(f"{page}: {line}")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_flag_named_beside_a_command_is_one_of_its_own(name: str) -> None:
    known = {flag for action in actions_of(name) for flag in action.option_strings} | {"--help"}
    for page, text in TEXT.items():
        for code in re.findall(rf"`(?:\.venv/bin/)?citybrain {name}\b([^`]*)`", text):
            assert set(re.findall(r"--[a-z-]+", code)) <= known, page


def test_every_argument_has_a_help_sentence() -> None:
    for command in COMMANDS:
        for action in actions_of(command.name):
            named_by_choices = action.choices is not None and not action.option_strings
            assert action.help or named_by_choices, f"{command.name}: {action.dest}"
            assert action.help is not argparse.SUPPRESS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", text_of(page), re.MULTILINE))
    assert named
    assert named <= targets


def test_the_two_commands_of_the_readme_are_what_ci_runs_and_a_person_starts() -> None:
    assert "\n    make up " in text_of("README.md")
    assert "\n    make test " in text_of("README.md")
    assert "make test" in text_of(".ci/run")


# --- settings, metrics, topics, index ids ---


def test_every_variable_named_is_a_setting() -> None:
    named = {name for name in re.findall(r"CITYBRAIN_[A-Z_]*", WRITTEN) if not name.endswith("_")}
    assert named <= {variable_of(name) for name in Settings.model_fields}


def test_every_metric_named_exists() -> None:
    suffixes = ("", "_bucket", "_count", "_sum")
    known = {name + suffix for name in (*METRICS, *WORKER_METRICS) for suffix in suffixes}
    known |= {"citybrain_history"}
    assert set(re.findall(r"\bcitybrain_[a-z_]+", WRITTEN)) <= known


def test_every_metric_of_the_table_is_really_exposed() -> None:
    registry = CollectorRegistry()
    WebMetrics(registry)
    exposed = {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}
    assert exposed == set(METRICS)


def test_the_json_topics_have_a_schema_and_all_topics_a_row() -> None:
    text = text_of("docs/compatibility.md")
    for topic in TOPICS:
        assert f"| `{topic.name}` |" in text_of("docs/architecture.md")
        if "JSON" in topic.sentence:
            assert re.search(
                rf"\| `{re.escape(topic.name)}` \| \[\w+\]\(schemas/\w+\.schema\.json\) \|", text
            )


def test_every_index_id_has_a_row_and_every_row_is_a_column() -> None:
    first_table = text_of("docs/indices.md").split("\n\nLevels")[0]
    named = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", first_table, re.MULTILINE))
    ids = {name for cell in named for name in re.findall(r"`(\w+)`", cell)}
    indices = {"travel_time_index", "delay_time_proportion", "traffic_performance_index", "level"}
    assert indices <= ids <= {*SEGMENT_DTYPES, *AREA_DTYPES}


def test_the_levels_are_named_as_on_the_pages() -> None:
    row = next(line for line in text_of("docs/glossary.md").splitlines() if line.startswith("| level"))
    for key in LEVEL_KEYS[1:]:
        assert TEXTS[key].zh in row
        assert TEXTS[key].en.lower() in row


def test_every_word_of_the_glossary_has_both_languages_and_a_meaning() -> None:
    rows = [line for line in text_of("docs/glossary.md").splitlines() if line.startswith("| ")][2:]
    for row in rows:
        english, chinese, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        assert english, row
        assert re.search(r"[一-鿿]", chinese), row
        assert meaning.endswith("."), row


# --- the web surface ---


@pytest.fixture(scope="module")
def routes() -> dict[str, Route]:
    """Our own routes; Dash's are its own business."""
    metrics = WebMetrics(CollectorRegistry())
    hub = Hub(a_city(), None, day_type_of=a_workday)
    nobody = HistoryReaders(open_history("clickhouse://127.0.0.1:1/nothing"))
    fanout, history = Fanout(), History(nobody, Queries(1), a_workday, metrics)
    routers = (
        stream_routes(fanout),
        api_routes(a_city(), hub, history),
        probe_routes(hub, fanout, metrics),
    )
    return {route.path: route for router in routers for route in router.routes if isinstance(route, Route)}


def test_every_route_has_its_chapter_and_every_chapter_its_route(routes: dict[str, Route]) -> None:
    chapters = re.findall(r"^### `(/[^`]*)`$", text_of("docs/http-api.md"), re.MULTILINE)
    assert sorted(chapters) == sorted(routes)


def test_every_parameter_of_a_route_is_described(routes: dict[str, Route]) -> None:
    text = text_of("docs/http-api.md")
    for path, route in routes.items():
        chapter = text.split(f"### `{path}`")[1].split("\n### ")[0].split("\n## ")[0]
        described = set(re.findall(r"^\| `(\w+)` \|", chapter, re.MULTILINE))
        dependant = getattr(route, "dependant", None)
        taken = {field.alias for field in dependant.query_params} if dependant is not None else set()
        assert described == taken or path == "/api/v1/latest", path


def test_every_page_has_its_row() -> None:
    table = text_of("docs/http-api.md").split("## API")[0]
    assert re.findall(r"^\| `(/[a-z]*)` \|", table, re.MULTILINE) == list(PAGE_PATHS)


@pytest.mark.parametrize("struct", [Snapshot, Area, Feeds, Lag], ids=lambda s: s.__name__)
def test_every_field_of_the_snapshot_is_described(struct: type[msgspec.Struct]) -> None:
    chapter = text_of("docs/http-api.md").split("### `/api/v1/latest`")[1].split("\n### ")[0]
    missing = {f.name for f in msgspec.structs.fields(struct)} - set(re.findall(r"`(\w+)`", chapter))
    assert missing <= {"partitions"}


# --- versions ---


def test_the_version_is_the_same_everywhere() -> None:
    assert f'\nversion = "{__version__}"\n' in text_of("pyproject.toml")
    assert f"## {__version__}" in text_of("CHANGELOG.md").splitlines()


def test_the_versions_of_the_changelog_link_to_nothing_while_no_place_shows_them() -> None:
    text = text_of("CHANGELOG.md")
    assert not re.findall(r"^## \[|^\[[^\]]+\]: ", text, re.MULTILINE)


# --- the tests above can fail ---


def test_a_stale_part_would_be_noticed(made: dict[str, str]) -> None:
    page = "<!-- made: topics -->\nsomething older\n<!-- end -->"
    assert regions_of(page)["topics"] != made["topics"]


def test_a_wrong_example_command_would_be_noticed() -> None:
    (line,) = command_lines("    .venv/bin/citybrain up --colour red > log")
    assert line == "citybrain up --colour red"
    with pytest.raises(SystemExit):
        build_parser().parse_args(shlex.split(line)[1:])
