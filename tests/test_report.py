"""The report: complete, self-contained, the same in every form, and written whole or not at all."""

import datetime as dt
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

from detente import load, simulate
from detente.catalog import find_crisis
from detente.cli.app import app
from detente.engine.pasts import replayed_paths
from detente.forecasting.result import forecast_of
from detente.forecasting.stocks import stocks_of_interest
from detente.forecasting.wording import probability_text
from detente.report import report
from detente.report.answers import stocks_section
from detente.report.writing import ReportError, browser, report_form

VOID = {"meta", "img", "br", "link", "input"}


class Structure(HTMLParser):
    """Checks that elements are closed in order, and gathers what a reader or a browser would ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.ids, self.links, self.addresses, self.alts = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "img":
            self.alts.append(given.get("alt", ""))
        self.addresses += [given[name] for name in ("src", "href") if name in given]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def found():
    crisis = load("cuba_1962")
    return forecast_of(simulate(crisis, trajectories=400, seed=3, paths=stocks_of_interest(crisis)))


@pytest.fixture(scope="module")
def made(found):
    return report(found, futures=found.ensemble.paths)


@pytest.fixture(scope="module")
def page(made):
    structure = Structure()
    structure.feed(made.html())
    assert structure.open == []
    return structure


def test_every_section_is_linked(made, page):
    anchors = [section.anchor for section in made.sections]
    assert [link.removeprefix("#") for link in page.links] == anchors
    assert set(anchors) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_fetched(page):
    assert all(address.startswith(("data:", "#")) for address in page.addresses)


def test_every_picture_says_what_it_shows(page):
    assert page.alts
    assert all(len(alt) > 20 for alt in page.alts)


def test_quantities_tell_of_their_past():
    """Who cannot see the fans hears where the replay begins and what was measured, none of it from before."""
    crisis, names = load("cuba_1962"), ("sites", "alert")
    futures = simulate(crisis, trajectories=40, seed=3, paths=names).paths
    past = replayed_paths(crisis, names, seed=3, n_draws=20)
    observed = {"sites": [(dt.date(1961, 10, 21), 1.5), (dt.date(1962, 10, 21), 41.25)]}
    (fans,) = stocks_section(crisis, futures, past, observed).pictures
    assert fans.title.endswith("the line is the as-of date, 1962-10-22")
    first, last = np.median(past.values["sites"][[-3, -1]], axis=1)
    assert np.isnan(past.values["sites"][-4]).all()  # nothing is claimed before the sites were counted
    assert f"median {first:,.6g} on 1962-10-20, {last:,.6g} at the as-of date" in fans.alt
    assert "on 1962-10-13" in fans.alt  # the alert
    assert "41.25 on 1962-10-21" in fans.alt
    assert "1961" not in fans.alt


def test_quantities_without_a_past():
    crisis = load("cuba_1962")
    futures = simulate(crisis, trajectories=40, seed=3, paths=("sites",)).paths
    (fans,) = stocks_section(crisis, futures).pictures
    assert fans.title == "Quantities"
    assert "replayed" not in fans.alt


def test_page_and_text_hold_every_answer(found, made):
    markdown, html = made.markdown(), made.html()
    for answer in found.answers.values():
        for text in (answer.id, probability_text(answer)):
            assert text in re.sub(r"\\", "", markdown)
            assert text.replace("<", "&lt;").replace(">", "&gt;") in html
    assert str(found.provenance.seed) in html
    assert found.provenance.digest in html


def test_words_of_the_crisis_cannot_break_the_page(found):
    from dataclasses import replace

    name, answer = next(iter(found.answers.items()))
    nasty = replace(answer, text="<script>alert(1)</script> | *x*")
    made = report(replace(found, answers={**found.answers, name: nasty}))
    assert "<script>" not in made.html()
    assert r"\<script\>" in made.markdown()


def test_markdown_tables_have_as_many_cells_as_heads(made):
    width = None
    for line in made.markdown().splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            assert width in (None, cells)
            width = cells
        else:
            width = None


def test_saved_forms(made, tmp_path):
    assert made.save(tmp_path / "cuba.html").read_text(encoding="utf-8") == made.html()
    text = made.save(tmp_path / "cuba.md").read_text(encoding="utf-8")
    for file in re.findall(r"\]\((cuba_pictures/[^)]+)\)", text):
        assert (tmp_path / file).read_bytes().startswith(b"<?xml")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.skipif(browser() is None, reason="no Chromium here to print a PDF with")
def test_saved_as_pdf(made, tmp_path):
    assert made.save(tmp_path / "cuba.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_browser_a_pdf_is_refused(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match="Install Chromium"):
        made.save(tmp_path / "cuba.pdf")


@pytest.mark.parametrize("name", ["report", "report.docx"])
def test_other_forms_are_refused(name):
    with pytest.raises(ReportError, match=r"html, md, pdf.*report\.html"):
        report_form(name)


def test_a_place_that_cannot_be_written(made, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="cannot write"):
        made.save(tmp_path / "file" / "cuba.html")


def test_command(tmp_path):
    target = tmp_path / "cuba.html"
    done = CliRunner().invoke(
        app, ["report", "cuba_1962", "--seed", "3", "--trajectories", "400", "--out", str(target)]
    )
    assert done.exit_code == 0, done.output
    assert "Will" in target.read_text(encoding="utf-8")


def test_command_refuses_before_it_runs(tmp_path):
    done = CliRunner().invoke(app, ["report", "cuba_1962", "--out", str(tmp_path / "cuba.doc")])
    assert done.exit_code != 0
    assert "html, md, pdf" in done.output


def test_the_command_studies_the_run(tmp_path):
    """What drives the answers, what they lean on and the scenarios of the crisis, from the same seed."""
    target = tmp_path / "cuba.md"
    arguments = ["report", "cuba_1962", "--seed", "3", "--trajectories", "8000", "--out", str(target)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    text = target.read_text(encoding="utf-8")
    for title in ("What drives the answers", "What would change it", "What the answers lean on"):
        assert f"## {title}" in text
    found = forecast_of(simulate(load("cuba_1962"), trajectories=8000, seed=3))
    for answer in found.answers.values():
        assert probability_text(answer) in text


def test_measured_stocks_are_drawn(tmp_path):
    """Though no question asks for them; a wrong table is refused before anything is simulated."""
    folder, target = tmp_path / "cuba_1962", tmp_path / "cuba.md"
    shutil.copytree(find_crisis("cuba_1962"), folder)
    source = next(iter(load(folder).sources))
    table = folder / "observed.csv"
    table.write_text(f"stock,date,value,source\nsites,1962-10-21,41.25,{source}\n", encoding="utf-8")
    arguments = ["report", str(folder), "--seed", "3", "--trajectories", "400", "--out", str(target)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "41.25 on 1962-10-21" in target.read_text(encoding="utf-8")
    target.unlink()
    table.write_text("stock,date,value,source\nsites,1962-10-24,41.25,K99\n", encoding="utf-8")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "2 faults in observed.csv" in done.output
    assert not target.exists()
