"""What outsiders may rely on: exported names, documented names, commands with help, examples that run."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import detente
from detente.cli.app import app

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(detente.__path__, "detente.")
    if not found.name.endswith("__main__")
)
COMMANDS = get_command(app).commands

NAMES = {
    "Crisis", "DetenteError", "Ensemble", "Forecast", "__version__", "dump", "dumps", "forecast",
    "list_crises", "load", "loads", "simulate",
}  # fmt: skip


class TestNames:
    def test_exported(self):
        assert set(detente.__all__) == NAMES
        assert sorted(detente.__all__) == detente.__all__ == dir(detente)

    @pytest.mark.parametrize("name", sorted(NAMES))
    def test_each_is_there(self, name):
        assert getattr(detente, name) is not None

    def test_unknown(self):
        with pytest.raises(AttributeError, match=r"has no attribute 'simulat'\. Public names: Crisis"):
            detente.simulat

    def test_no_module_hides_behind_a_function(self):
        modules = {name.removeprefix("detente.").split(".")[0] for name in MODULES}
        assert modules.isdisjoint(NAMES)

    def test_import_is_quick(self):
        heavy = {"numba", "numpy", "polars", "pydantic", "rich"}
        code = f"import sys, detente; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.strip() == "[]"

    def test_version_is_the_projects(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert detente.__version__ == project["version"]


class TestCommands:
    def test_there_are_at_least_these(self):
        assert set(COMMANDS) >= {"run", "check", "resolve", "show", "schema", "list"}

    @pytest.mark.parametrize("name", sorted(COMMANDS))
    def test_help_teaches_with_an_example(self, name):
        command = COMMANDS[name]
        assert command.help
        assert command.epilog.startswith(f"Example:  detente {name}")

    @pytest.mark.parametrize("name", sorted(COMMANDS))
    def test_every_option_says_what_it_is(self, name):
        for parameter in COMMANDS[name].params:
            assert getattr(parameter, "help", None), parameter.name


def public_things(module):
    """Public functions and classes that a module defines, and the public methods of the latter."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield name, thing
            for method, function in vars(thing).items():
                if not method.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{method}", function
        elif inspect.isfunction(thing):
            yield name, thing


class TestDocumentation:
    @pytest.mark.parametrize("name", MODULES)
    def test_everything_public_has_a_docstring(self, name):
        module = importlib.import_module(name)
        assert module.__doc__, f"{name} says nothing of itself"
        bare = [
            place
            for place, thing in public_things(module)
            if not (thing.__doc__ or "").strip() or thing.__doc__.startswith(f"{place}(")
        ]
        inherited = {"Transformer", "NamedTuple"}
        assert [place for place in bare if not _overrides(module, place, inherited)] == []

    @pytest.mark.parametrize("name", ["detente", *MODULES])
    def test_examples_run(self, name):
        module = importlib.import_module(name)
        result = doctest.testmod(module)
        assert result.failed == 0

    def test_readme_and_ci_run_the_same_tests(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        commands = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
        assert len(commands) == 2
        assert commands[0].endswith(".venv/bin/detente run iran_2024")
        assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    def test_readme_example_runs(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        (code,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
        space = {}
        exec(code.replace('iran_2024"))', 'cuba_1962"), trajectories=80)'), space)
        assert space["forecast"]["Q1"].probability is not None

    def test_every_floor_is_told(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        for floor in project["tool"]["importlinter"]["contracts"][0]["layers"]:
            for unit in floor.split(" | "):
                assert f"`{unit}`" in told


def _overrides(module, place, inherited):
    """Whether a method takes its meaning from a class of another library, as lark's transformers do."""
    owner = getattr(module, place.split(".")[0])
    bases = {base.__name__ for base in getattr(owner, "__mro__", ())}
    return "." in place and bool(bases & inherited)
