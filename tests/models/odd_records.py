"""JSON written in every way, and what is none: what a fetch of records may hold."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.models.builders import NOON_MS, an_observation, iso

NUMBERS = st.one_of(
    st.sampled_from(
        (
            "0", "-0", "0.0", "-0.0", "1", "0.99999999999999999999", "30", "30.5", "31.5",
            "32.49999999999999999999", "3e1", "3E+1", "300e-1", "100.5", "200",
            "200.00000000000001", "200.0000000001", "201", "3600", "3600.4", "62", "64",
            "64.00000000000001", "65", "7200", "7200.000000000001", "7201", "-1", "-1e-9",
            "1e-400", "4.9e-324", "1e308", "9007199254740993", "18446744073709551616",
            "1234567890123456789012.5", "null",
        )
    ),
    st.integers(0, 210).map(str),
    st.floats(0, 210).map(repr),
)  # fmt: skip
NO_NUMBERS = st.sampled_from(
    (
        "1e999",
        "-1e999",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "true",
        '"9"',
    )
)
TEXTS = st.sampled_from(
    (
        "s0-0",
        "s1-0",
        "s3-0",
        "s2",
        "nobody",
        "",
        "p-1",
        "p-2",
        "车-7",
        "event_time",
        '"',
        "}\n{",
        "\u2028",
        "\0",
    )
)
TIMES = st.one_of(
    st.integers(0, 600_000).map(lambda ms: iso(NOON_MS + ms)),
    st.integers(-(1 << 44), 1 << 45).map(iso),
    st.builds(
        "2026-03-02{}04:00:30{}{}".format,
        st.sampled_from("TTTt "),
        st.one_of(
            st.sampled_from(("", ".0", ".0005", ".0015", ".123456", ".9995", ".999999")),
            st.from_regex(r"\.[0-9]{1,12}", fullmatch=True),
        ),
        st.sampled_from(("Z", "z", "+00:00", "-00:00", "+08:00", "-12:30", "+23:59", "-23:59", "+0800", "")),
    ),
)
ODD_TIMES = st.one_of(
    st.builds(
        "{}-{}-{}T{}:{}:{}Z".format,
        st.sampled_from(
            ("2026", "2024", "1971", "1970", "2099", "2100", "0000", "0001", "9999", "26", "+2026")
        ),
        st.sampled_from(("03", "02", "12", "00", "13", "3")),
        st.sampled_from(("01", "02", "29", "31", "00", "32")),
        st.sampled_from(("04", "00", "23", "24", "4")),
        st.sampled_from(("00", "59", "60")),
        st.sampled_from(("00", "30", "59", "60", "")),
    ),
    st.sampled_from(
        ("", "now", "2026-03-02T04:00Z", " 2026-03-02T04:00:00Z", "2026-03-02T04:00:00+24:00", "1772424000")
    ),
)
MEASURED = ("interval_s", "speed_kmh", "speed_harm_kmh", "flow_veh", "flow_vph", "occupancy_pct")
NAMED = ("sensor_id", "segment_id", "vehicle_id")
TIMED = ("event_time", "sent_time", "clock_time")
ANYTHING = st.one_of(
    NUMBERS,
    NO_NUMBERS,
    TEXTS.map(json.dumps),
    TIMES.map(json.dumps),
    ODD_TIMES.map(json.dumps),
    st.sampled_from(
        (
            "[]",
            "{}",
            "[{}]",
            '{"sensor_id":"s0-0"}',
            '"\\ud800"',
            '"\\ud83d\\ude00"',
            '"\\u0000"',
            '"a\1"',
            "[1",
        )
    ),
)
STARTS: tuple[dict[str, object], ...] = (
    json.loads(an_observation()),
    json.loads(an_observation("s2-0", speed_harm_kmh=20.5, flow_vph=600, sent_time=iso(NOON_MS))),
    {"vehicle_id": "p-1", "segment_id": "s2", "event_time": iso(NOON_MS), "speed_kmh": 12},
    {"clock_time": iso(NOON_MS)},
    {},
)


def written(text: str, escaped: bool) -> str:
    """The text as a JSON string, with every letter escaped or as few as possible."""
    return '"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"' if escaped else json.dumps(text)


@st.composite
def typed_members(draw: st.DrawFn, most: int = 3) -> list[tuple[str, str]]:
    """The fields of an observation, a probe or a clock record, some changed, repeated, left out; all of a
    type that can be read."""
    start = draw(st.sampled_from(STARTS))
    members = [(written(name, False), json.dumps(value)) for name, value in start.items()]
    for _ in range(draw(st.integers(0, most))):
        name = draw(st.sampled_from((*MEASURED, *MEASURED, *NAMED, *TIMED, "lane")))
        values = NUMBERS if name in MEASURED else TIMES if name in TIMED else TEXTS
        value = draw(st.none() | values) if draw(st.integers(0, 4)) == 0 else draw(values)
        raw = "null" if value is None else value if name in MEASURED else written(value, draw(st.booleans()))
        member = (written(name, draw(st.integers(0, 9)) == 0), raw)
        if draw(st.integers(0, 3)):
            members = [old for old in members if old[0] != member[0]]
        if draw(st.integers(0, 9)):
            members.insert(draw(st.integers(0, len(members))), member)
    return members


@st.composite
def typed_records(draw: st.DrawFn) -> bytes:
    """A record that is mostly read, whatever it says."""
    space = draw(st.sampled_from(("", "", " ", "\t", "\r")))
    comma, colon = f"{space},{space}", f"{space}:{space}"
    members = draw(typed_members())
    return ("{" + comma.join(name + colon + value for name, value in members) + "}").encode()


@st.composite
def odd_texts(draw: st.DrawFn) -> bytes:
    """The same with anything in a field, and with something around it."""
    members = draw(typed_members(most=1))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from((*MEASURED, *NAMED, *TIMED, "lane", "")))
        members.append((written(name, False), draw(ANYTHING)))
    space = draw(st.sampled_from(("", "", "", "\n", "\r\n")))
    body = f"{space},{space}".join(f"{name}:{value}" for name, value in members)
    before = draw(st.sampled_from(("", "", "", "", " ", "\n", "\ufeff")))
    after = draw(st.sampled_from(("", "", "", "", " ", "\n", ",", "}", "\0")))
    return (before + "{" + body + "}" + after).encode()


@st.composite
def odd_records(draw: st.DrawFn) -> list[bytes]:
    """Records of which some are damaged, cut in two, or two in one."""
    made: list[bytes] = []
    for text in draw(st.lists(st.one_of(typed_records(), odd_texts()), max_size=6)):
        fate = draw(st.integers(0, 9))
        if fate == 0:
            at = draw(st.integers(0, len(text)))
            made += [text[:at], text[at:]]
        elif fate == 1 and made:
            made[-1] += draw(st.sampled_from((b"", b" ", b",", b"\n"))) + text
        elif fate == 2:
            at = draw(st.integers(0, len(text)))
            made.append(text[:at] + draw(st.binary(max_size=3)) + text[at + draw(st.integers(0, 2)) :])
        elif fate == 3:
            made.append(
                draw(st.sampled_from((b"", b"null", b"[]", b"{}", b'{"x":[{}', b"{}]}", b'{"x":"}', b'{"}')))
            )
        else:
            made.append(text)
    return made
