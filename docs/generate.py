"""Writes the pages of the reference that follow from the program: the fields of the crisis file, the commands.

Run ``python docs/generate.py`` after a change of the schema or of a command; a test fails while they differ. With
``--picture`` it also draws the forecast that README shows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from detente.crisisfile import json_schema

REFERENCE = Path(__file__).parent / "reference"
HEAD = "<!-- Written by docs/generate.py; edits here are lost. -->\n\n"


def crisis_file() -> str:
    """Every section of the file and every field of its entries, from the schema."""
    schema = json_schema()
    lines = [
        HEAD + "# Fields of the crisis file",
        "",
        "What each field may hold. What the words mean stands in [crisis-language.md](crisis-language.md).",
        "`value` is a number with its unit, or a mapping with `value:` and what belongs to it; `condition` and",
        "`expression` are text of the small grammar. The same as JSON Schema for editors: `detente schema`.",
        "",
        "## Head and sections",
        "",
        *_table(schema, schema["$defs"]),
    ]
    for name, form in schema["$defs"].items():
        lines += ["", f"## {_title(name)}", "", form.get("description", "").split("\n")[0], ""]
        lines += _table(form, schema["$defs"])
    return "\n".join(lines) + "\n"


def commands() -> str:
    """The help text of every command."""
    from typer.main import get_command

    from detente.cli.app import app

    group: Any = get_command(app)
    lines = [HEAD + "# Commands", ""]
    for name in ["", *sorted(group.commands)]:
        command = group.commands[name] if name else group
        lines += [f"## detente {name}".rstrip(), "", *_help(command), ""]
    return "\n".join(lines).rstrip() + "\n"


def _help(command: Any) -> list[str]:
    lines = [line.rstrip() for line in (command.help or "").replace("\b\n", "").splitlines()]
    options = []
    for parameter in command.params:
        if parameter.name in ("help", "install_completion", "show_completion"):
            continue
        names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
        text = " ".join((getattr(parameter, "help", "") or "").split())
        options.append(f"| `{names}` | {text} |")
    return [*lines, "", "| argument | meaning |", "|---|---|", *options] if options else lines


def _table(form: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    rows = ["| field | holds | default | meaning |", "|---|---|---|---|"]
    required = form.get("required", ())
    for name, field in form.get("properties", {}).items():
        default = "**required**" if name in required else _default(field)
        text = field.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field, definitions)} | {default} | {text} |")
    return rows


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return "" if value in (None, "", [], {}, False) else f"`{value}`"


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return f"[{_title(name)}](#{_title(name).replace(' ', '-')})"
    if "anyOf" in field:
        kinds = [_type(part, definitions) for part in field["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(_merged(kinds)))
    if field.get("enum"):
        return " ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'], definitions)}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"name: {_type(field['additionalProperties'], definitions)}"
    return {"string": "text", "object": "mapping", "boolean": "true or false"}.get(
        str(field.get("type")), str(field.get("type", "anything"))
    )


def _merged(kinds: list[str]) -> list[str]:
    """Number, text and mapping together are what the language calls a value."""
    if {"text", "mapping"} <= set(kinds) and {"number", "integer"} & set(kinds):
        return ["value", *(kind for kind in kinds if kind not in ("number", "integer", "text", "mapping"))]
    return kinds


def _title(name: str) -> str:
    words = "".join(
        f" {letter.lower()}" if letter.isupper() else letter for letter in name.removesuffix("Form")
    )
    return words.strip()


def picture() -> str:
    """The forecast of the Iran crisis as a terminal shows it, as SVG without outside fonts."""
    import io
    import re

    from rich.console import Console

    from detente import forecast, load

    console = Console(
        record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(forecast(load("iran_2024"), seed=1))
    svg = console.export_svg(title="detente run iran_2024 --seed 1", clear=True, unique_id="iran")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


PAGES = {"crisis-file.md": crisis_file, "commands.md": commands}


if __name__ == "__main__":
    for page, write in PAGES.items():
        text = write()
        (REFERENCE / page).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page}: {len(text.splitlines())} lines\n")
    if "--picture" in sys.argv:
        (REFERENCE.parent / "iran_2024.svg").write_text(picture(), encoding="utf-8")
