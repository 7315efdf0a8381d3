"""The command ``report``: one run with its stocks along the way, and the page about it."""

from __future__ import annotations

import sys
from pathlib import Path

from detente.cli.running import Bar


def write_report(
    name: str,
    out: Path | None,
    *,
    seed: int | None,
    trajectories: int,
    replicates: int,
    threads: int | None,
    quiet: bool,
) -> Path:
    """Simulate a crisis and write the report; the default file is named after the crisis."""
    from detente.catalog import load
    from detente.engine import simulate
    from detente.forecasting.result import forecast_of
    from detente.report import report
    from detente.report.answers import stocks_of_interest
    from detente.report.writing import report_form

    crisis = load(name)
    target = Path(f"{crisis.name}.html") if out is None else out
    report_form(target)
    with Bar(shown=not quiet and sys.stderr.isatty()) as bar:
        ensemble = simulate(
            crisis,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
            paths=stocks_of_interest(crisis),
            progress=bar.update,
        )
    return report(forecast_of(ensemble), futures=ensemble.paths).save(target)
