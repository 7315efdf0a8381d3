"""The command ``report``: one run, what is studied of it, and the page about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from detente.cli.running import Bar

REPLAYED = 400
"""Draws whose past is shown: enough for quantiles that are drawn."""


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
    """Simulate a crisis, study it and write the report; the default file is named after the crisis."""
    from detente.analysis.comparing import compare
    from detente.catalog import find_crisis, load
    from detente.crisisfile.measuring import read_measured
    from detente.engine import simulate
    from detente.engine.pasts import recent_past
    from detente.forecasting.result import forecast_of
    from detente.forecasting.stocks import stocks_of_interest
    from detente.report import report
    from detente.report.reasons import drivers_section, leanings_section, questions_of_interest
    from detente.report.studies import what_if_section
    from detente.report.writing import report_form
    from detente.scenario import find_scenario, list_scenarios, load_scenario

    crisis, folder = load(name), find_crisis(name)
    target = Path(f"{crisis.name}.html") if out is None else out
    report_form(target)
    measured = read_measured(folder, crisis)
    stocks = tuple(dict.fromkeys((*stocks_of_interest(crisis), *sorted(measured))))
    scenarios = [load_scenario(find_scenario(each, folder)) for each in list_scenarios(folder)]
    run: dict[str, Any] = {"trajectories": trajectories, "replicates": replicates, "threads": threads}
    with Bar(shown=not quiet and sys.stderr.isatty()) as bar:
        ensemble = simulate(crisis, seed=seed, paths=stocks, log=True, progress=bar.update, **run)
        found = forecast_of(ensemble)
        drawn = ensemble.settings.seed
        past = recent_past(crisis, stocks, seed=drawn, n_draws=REPLAYED, threads=threads)
        questions = questions_of_interest(found)
        studies = [drivers_section(ensemble, questions)]
        if scenarios:
            run["seed"] = drawn
            studies.append(what_if_section(compare(crisis, scenarios, progress=bar.update, **run)))
        studies.append(leanings_section(ensemble, questions))
    observed = {name: [(row.date, row.value) for row in rows] for name, rows in measured.items()}
    return report(found, futures=ensemble.paths, past=past, observed=observed, studies=studies).save(target)
