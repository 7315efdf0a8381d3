"""Commands that say why an answer is what it is, and what it leans on."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import Interrupted, put, put_text, reported
from detente.cli.root import AsJson, CrisisName, app

Seed = Annotated[
    int | None, typer.Option(min=0, help="The same seed gives the same numbers. Drawn and shown if left out.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: all cores. Does not change numbers.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on the way.")]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Also draw it: .svg, .png or .pdf; with several questions one file each."
    ),
]


class Grouping(StrEnum):
    """How uncertain numbers are put together."""

    number = "number"
    source = "source"
    evidence = "evidence"
    section = "section"
    actor = "actor"


@app.command(epilog="Example:  detente sensitivity iran_2024 --question H06,H12 --by source")
def sensitivity(
    crisis: CrisisName,
    question: Annotated[
        str | None, typer.Option(help="Ids of questions, with commas between them. Default: all.")
    ] = None,
    by: Annotated[
        Grouping,
        typer.Option(help="Rank single numbers, or together what shares a source, a kind of evidence, …"),
    ] = Grouping.number,
    draws: Annotated[
        int, typer.Option(min=1, help="Draws of the parameters; a ranking needs 1,000 or more.")
    ] = 2500,
    replicates: Annotated[
        int, typer.Option(min=2, help="Futures per draw; they tell chance from ignorance.")
    ] = 8,
    seed: Seed = None,
    threads: Threads = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every number, also those that do not stand out.")
    ] = False,
    picture: Picture = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write sensitivity.json and .parquet there.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rank what a probability leans on: which uncertain number, source or judgement.

    No extra futures are needed: the draws of the parameters are compared with what each draw answered. A number is
    ranked only where it stands out from what noise would give; where the draws do not differ by more than chance,
    nothing is ranked. Beside each stands what knowing it would be worth: how much narrower the probability would be.
    """
    with reported(as_json):
        from detente.analysis.mattering import sensitivity_of
        from detente.catalog import load
        from detente.cli.reason_tables import sensitivity_shown
        from detente.cli.studying import head, put_folder, questions_of, simulated, working

        found = load(crisis)
        wanted = questions_of(question, found)
        _check_picture(picture)
        ensemble = simulated(
            found,
            quiet=quiet,
            trajectories=draws * replicates,
            replicates=replicates,
            seed=seed,
            threads=threads,
        )
        with working("Ranking", quiet=quiet):
            studies = sensitivity_of(ensemble, wanted, by=by.value)
        data = {"ok": True, **head(ensemble), "questions": [each.as_dict() for each in studies.values()]}
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        if out is not None:
            put_folder(out, {"sensitivity.json": f"{text}\n", "sensitivity.parquet": _parquet(studies)})
        if picture is not None:
            from detente.plots import save
            from detente.plots.sensitivities import sensitivities

            for name, study in studies.items():
                if study.leanings:
                    save(sensitivities(study), _numbered(picture, name, len(studies)))
        if as_json:
            put_text(text)
        else:
            put(sensitivity_shown(ensemble, studies.values(), everything=everything))
        if ensemble.interrupted:
            raise Interrupted(f"{ensemble.finished:,} draws were finished.")


@app.command(epilog="Example:  detente sobol iran_2024 --question H06 --points 256")
def sobol(
    crisis: CrisisName,
    question: Annotated[str, typer.Option(help="Id of a question.")],
    numbers: Annotated[
        str | None,
        typer.Option(help="Names of numbers, with commas. Default: the first 8 that stand out in a ranking."),
    ] = None,
    points: Annotated[
        int, typer.Option(min=16, help="Points of the design, a power of 2; each takes one draw per number.")
    ] = 256,
    replicates: Annotated[int, typer.Option(min=2, help="Futures per draw.")] = 16,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Tell main effects of a few numbers from their interactions, by a designed ensemble.

    Where `sensitivity` reads main effects off any run, this simulates a Saltelli design: the first index is what a
    number explains alone, the total index what it explains with everything it interacts with. Needs SALib.
    """
    with reported(as_json):
        from detente.cli.designs import run_sobol

        run_sobol(
            crisis,
            question,
            numbers=numbers,
            points=points,
            replicates=replicates,
            seed=seed,
            threads=threads,
            as_json=as_json,
        )


@app.command(epilog="Example:  detente why iran_2024 --question H06")
def why(
    crisis: CrisisName,
    question: Annotated[str, typer.Option(help="Id of a question.")],
    trajectories: Annotated[int, typer.Option(min=1, help="How many futures.")] = 4000,
    replicates: Annotated[int, typer.Option(min=1, help="Futures per draw of the parameters.")] = 8,
    seed: Seed = None,
    threads: Threads = None,
    picture: Picture = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explain an answer: what answers it, what drives that, and which paths lead there.

    Rates are taken apart into their base and the factors that stand in the crisis, as the engine reads them at the
    as-of date and later in a sample of futures; together they give the rate exactly. Paths are the listed actions
    that come before the answer more often than they come otherwise.
    """
    with reported(as_json):
        from detente.analysis.answering import asked_question
        from detente.analysis.drivers import explain
        from detente.analysis.paths import paths_to
        from detente.catalog import load
        from detente.cli.reason_tables import explanation_shown
        from detente.cli.studying import head, simulated, working

        found = load(crisis)
        asked_question(found, question)
        _check_picture(picture)
        ensemble = simulated(
            found,
            quiet=quiet,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
            log=True,
        )
        with working("Taking rates apart", quiet=quiet):
            explanation, paths = explain(ensemble, question), paths_to(ensemble, question)
        if picture is not None:
            from detente.plots import save
            from detente.plots.drivers import contributions

            shown = [driver for driver in explanation.drivers if driver.contributions]
            for driver in shown:
                save(contributions(driver), _numbered(picture, driver.name, len(shown)))
        if as_json:
            data = {"ok": True, **head(ensemble), **explanation.as_dict(), "paths": paths.as_dict()}
            put_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            put(explanation_shown(ensemble, explanation, paths))
        if ensemble.interrupted:
            raise Interrupted(f"{ensemble.n_trajectories:,} futures were finished.")


@app.command(epilog="Example:  detente story iran_2024 --question H06 --seed 1")
def story(
    crisis: CrisisName,
    question: Annotated[
        str | None, typer.Option(help="Tell a future with this answer, along its commonest path.")
    ] = None,
    yes: Annotated[
        bool | None, typer.Option("--yes/--no", help="Which answer. Default: the one that happenings bring.")
    ] = None,
    trajectory: Annotated[
        int | None,
        typer.Option(min=0, help="Or tell the future of this number (of one seed and replicates)."),
    ] = None,
    trajectories: Annotated[int, typer.Option(min=1, help="Futures to choose from.")] = 4000,
    replicates: Annotated[int, typer.Option(min=1, help="Futures per draw of the parameters.")] = 8,
    seed: Seed = None,
    threads: Threads = None,
    to_the_end: Annotated[
        bool, typer.Option("--to-the-end", help="Go on after the answer, to the horizon.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Tell every happening, not only listed actions and what led to the answer."
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tell one simulated future as a story with dates, where each step names its cause.

    A step says what raised it, which delay ended or which condition came true; where its clock ran out, the rate
    at which it ran just before and the factors that made it so; where it was a choice, the chance of the outcome.
    One future is an example, not a forecast.
    """
    with reported(as_json):
        from detente.catalog import load
        from detente.cli.reason_tables import story_text
        from detente.cli.telling import told

        if question is None and trajectory is None:
            trajectory = 0
        found = told(
            load(crisis),
            question=question or "",
            yes=yes,
            trajectory=trajectory,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
            to_the_end=to_the_end,
            everything=everything,
            quiet=quiet,
        )
        if as_json:
            data = {"ok": True, **found.story.as_dict(), "choice": found.choice}
            put_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            put_text(story_text(found.story, why_this=found.choice))
        if found.interrupted:
            raise Interrupted("The future was chosen among those that were finished.")


def _check_picture(picture: Path | None) -> None:
    """Refuse a picture that could not be written, before the work."""
    if picture is not None:
        from detente.plots import picture_format

        picture_format(picture)


def _numbered(picture: Path, name: str, several: int) -> Path:
    return picture.with_stem(f"{picture.stem}-{name}") if several > 1 else picture


def _parquet(studies: object) -> bytes:
    import io

    import polars as pl

    assert isinstance(studies, dict)
    frames = [
        study.to_polars().with_columns(question=pl.lit(name, pl.String)) for name, study in studies.items()
    ]
    buffer = io.BytesIO()
    pl.concat(frames).write_parquet(buffer)
    return buffer.getvalue()
