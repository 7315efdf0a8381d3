"""The command ``check``: faults are raised by the loader, findings are printed here."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from detente.cli.reporting import put, put_text
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.table import Table

    from detente.checking import Finding, TickDifference


def check_crisis(name: str, *, as_json: bool, ticks: bool) -> bool:
    """Check a crisis and print what was found; False where something must be mended."""
    from detente.catalog import find_crisis
    from detente.checking import check, check_ticks
    from detente.crisisfile import resolve
    from detente.crisisfile.measuring import read_measured

    folder = find_crisis(name)
    resolution = resolve(folder)
    read_measured(folder, resolution.crisis)  # its faults too
    findings = check(resolution)
    moved = check_ticks(resolution.crisis) if ticks else ()
    right = not any(finding.kind == "error" for finding in findings)
    right = right and not any(difference.is_too_large for difference in moved)
    if as_json:
        put_text(_as_json(resolution.crisis.name, right, findings, moved))
        return right
    put_text(f"{resolution.crisis.name}: no faults{_counted(findings)}")
    for finding in findings:
        put_text(f"\n{finding}")
    if moved:
        put_text("")
        put(_tick_table(moved))
    return right


def _as_json(name: str, right: bool, findings: tuple[Finding, ...], moved: tuple[TickDifference, ...]) -> str:
    data = {
        "ok": right,
        "crisis": name,
        "errors": [asdict(finding) for finding in findings if finding.kind == "error"],
        "findings": [asdict(finding) for finding in findings],
        "ticks": [asdict(difference) for difference in moved],
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def _counted(findings: tuple[Finding, ...]) -> str:
    """How many findings there are of each kind, in words."""
    counts = {kind: sum(each.kind == kind for each in findings) for kind in ("error", "warning", "note")}
    words = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count]
    return f", {', '.join(words)}" if words else ""


def _tick_table(moved: tuple[TickDifference, ...]) -> Table:
    columns = (
        Column("Question", flexible=True),
        Column("1 tick", right=True),
        Column("1/2 tick", right=True),
        Column("±", right=True),
        Column(""),
    )
    rows = [
        (
            each.question,
            f"{100 * each.at_tick:.2f} %",
            f"{100 * each.at_half:.2f} %",
            f"{100 * each.error:.2f}",
            "too coarse" if each.is_too_large else "",
        )
        for each in moved
    ]
    return grid(columns, rows)
