"""Our packages have everyday names (config, models, store, ...): nobody else may bring the same ones.

An editable install comes last on the path, so a dependency with a `config` of its own would win, silently.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def our_packages() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        packages: list[str] = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def other_owners() -> dict[str, list[str]]:
    """Installed distributions, other than ours, that bring a top-level package with one of our names."""
    brought_by = packages_distributions()
    found = {name: sorted(set(brought_by.get(name, [])) - {"citybrain"}) for name in our_packages()}
    return {name: owners for name, owners in found.items() if owners}


def test_no_installed_distribution_brings_a_package_with_one_of_our_names() -> None:
    assert other_owners() == {}


def test_a_dependency_that_brought_a_config_package_would_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "stranger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (metadata / "top_level.txt").write_text("config\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert other_owners() == {"config": ["stranger"]}


def test_every_folder_with_code_is_in_the_wheel() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert folders == set(our_packages())


@pytest.mark.parametrize("name", our_packages())
def test_a_program_started_elsewhere_gets_our_package(name: str, tmp_path: Path) -> None:
    """What a console script sees: no current directory on the path, only what is installed."""
    asked = [sys.executable, "-c", f"import {name}; print({name}.__file__)"]
    answer = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
    assert Path(answer.stdout.strip()) == ROOT / name / "__init__.py", answer.stderr


def test_the_wheel_carries_every_file_of_our_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for name in our_packages()
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - carried == set()
