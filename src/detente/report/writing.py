"""The whole report: its sections gathered from one run, and written as HTML, Markdown or PDF."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from detente.engine.ensemble import Paths
from detente.errors import DetenteError
from detente.forecasting import Forecast
from detente.placing import put_file
from detente.plots.fans import Observed
from detente.report.answers import actions_section, answers_section, deadlines_section, stocks_section
from detente.report.evidence import evidence_section, judgement_section
from detente.report.methods import methods_section
from detente.report.parts import Cell, Picture, Section, Table

FORMS = ("html", "md", "pdf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Names under which a browser that prints pages may be found."""


class ReportError(DetenteError):
    """A report that cannot be written as asked."""


@dataclass(frozen=True)
class Report:
    """A title, the facts of the run in a line each, and sections; the same in every form."""

    title: str
    facts: tuple[str, ...]
    sections: tuple[Section, ...]

    def html(self) -> str:
        """One page that needs no network and no other file."""
        loader = PackageLoader("detente.report")
        pages = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        return pages.get_template("page.html.j2").render(report=self)

    def markdown(self, pictures: str = "") -> str:
        """The same as text; `pictures` is the folder that pictures are linked from, empty to leave them out."""
        return "\n".join(_markdown(self, pictures)).rstrip() + "\n"

    def save(self, path: Path | str) -> Path:
        """Write the report; the suffix decides the form: html, md (pictures in a folder beside it) or pdf.

        Raises
        ------
        ReportError
            If the suffix is none of these, the file cannot be written, or a PDF is asked for and no browser is there.
        """
        target = Path(path)
        form = report_form(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if form == "html":
                put_file(target, self.html().encode())
            elif form == "md":
                self._save_markdown(target)
            else:
                put_file(target, printed(self.html()))
        except OSError as problem:
            raise ReportError(f"cannot write {target}: {problem.strerror or problem}.") from problem
        return target

    def _save_markdown(self, target: Path) -> None:
        folder = target.with_name(f"{target.stem}_pictures")
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in named_pictures(self.sections):
            put_file(folder / name, picture.svg)
        put_file(target, self.markdown(folder.name).encode())


def report(
    found: Forecast,
    *,
    futures: Paths | None = None,
    past: Paths | None = None,
    observed: Observed | None = None,
    studies: Sequence[Section] = (),
) -> Report:
    """A report on a forecast.

    Parameters
    ----------
    found : Forecast
    futures, past : Paths, optional
        Stocks along the way, from the same run and from the replay, for fan charts.
    observed : mapping, optional
        Measured values by stock, as (day, value), shown in them as dots.
    studies : sequence of Section, optional
        What was studied beside: reasons, what-ifs; they come after the answers.

    Examples
    --------
    >>> from detente import forecast, load
    >>> made = report(forecast(load("cuba_1962"), trajectories=400, seed=1))
    >>> [section.anchor for section in made.sections]
    ['answers', 'actions', 'deadlines', 'evidence', 'judgement', 'methods']
    """
    crisis = found.ensemble.crisis
    sections = [answers_section(found), *studies, actions_section(found)]
    if futures is not None and futures.values:
        sections.append(stocks_section(crisis, futures, past, observed))
    sections += [
        deadlines_section(crisis),
        evidence_section(crisis),
        judgement_section(crisis),
        methods_section(found),
    ]
    title, *facts = found.shown().header
    return Report(title, tuple(facts), tuple(sections))


def report_form(path: Path | str) -> str:
    """The form of a report by the suffix of its path; ask before long work.

    Raises
    ------
    ReportError
        If it is none of html, md, pdf.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise ReportError(
            f"{Path(path).name}: a report is written as {', '.join(FORMS)}, by its suffix. Write"
            f" {Path(path).stem}.html."
        )
    return form


def browser() -> str | None:
    """The path of a browser that can print a page, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def printed(page: str) -> bytes:
    """A page as PDF, through a browser without a window.

    Raises
    ------
    ReportError
        If there is no browser, or it fails.
    """
    program = browser()
    if program is None:
        raise ReportError(
            "a PDF is printed by a browser, and there is none. Install Chromium, or write .html and print it."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page, encoding="utf-8")
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        if not target.exists():
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise ReportError(
                f"{Path(program).name} did not print the page: {words[-1] if words else 'no reason'}"
            )
        return target.read_bytes()


# ── Markdown ─────────────────────────────────────────────────────────────────────────────────────


def named_pictures(sections: Sequence[Section]) -> Iterator[tuple[str, Picture]]:
    """Every picture with a file name of its own."""
    for section in sections:
        for number, picture in enumerate(section.pictures, start=1):
            yield f"{section.anchor}_{number}.svg", picture


def _markdown(made: Report, folder: str) -> Iterator[str]:
    names = {id(picture): name for name, picture in named_pictures(made.sections)}
    yield f"# {_escaped(made.title)}"
    yield ""
    yield from (f"{_escaped(fact)}  " for fact in made.facts)
    for section in made.sections:
        yield from ("", f"## {_escaped(section.title)}", "")
        for paragraph in section.text:
            yield from (_escaped(paragraph), "")
        for table in section.tables:
            yield from _table(table)
        for picture in section.pictures if folder else ():
            yield from (f"![{_escaped(picture.alt)}]({folder}/{names[id(picture)]})", "")


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        return
    if table.title:
        yield from (f"### {_escaped(table.title)}", "")
    kept = [k for k in range(len(table.columns)) if isinstance(table.rows[0][k], str)]
    yield "| " + " | ".join(_escaped(table.columns[k].head) for k in kept) + " |"
    yield "|" + "|".join("---:" if table.columns[k].right else "---" for k in kept) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_text(row[k]) for k in kept) + " |"
    yield ""
    if table.caption:
        yield from (f"*{_escaped(table.caption)}*", "")


def _text(cell: Cell) -> str:
    return _escaped(cell) if isinstance(cell, str) else f"{cell.middle:.0%}"


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is."""
    for letter in "\\`*_[]<>|#":
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())
