"""The page in a real browser: what a person would do with it, and what must survive."""

import datetime as dt
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import resources
from pathlib import Path

import pytest

from detente import forecast, load
from detente.catalog import find_crisis
from detente.forecasting.archive import add, read
from detente.forecasting.judging import judge
from detente.forecasting.resolutions import read_resolutions
from detente.forecasting.scores import score

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


class Server:
    """`detente serve` as a process of its own."""

    def __init__(self, crisis: Path | str, *more: Path | str) -> None:
        self.crisis, self.more = crisis, more
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "detente", "serve", str(self.crisis), "--port", str(self.port)]
        command += ["--seed", "5", "--no-browser", *map(str, self.more)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.url, timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not come up")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def baseline(self) -> dict:
        """The result of the baseline, which a page has asked for."""
        request = urllib.request.Request(f"{self.url}api/baseline", b"", method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["result"]

    def events(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.url}api/ledger") as answer:
            return json.load(answer)["events"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    target = tmp_path_factory.mktemp("crises") / "cuba_1962"
    with resources.as_file(resources.files("detente.catalog") / "cuba_1962") as source:
        shutil.copytree(source, target)
    made = Server(target)
    yield made
    made.kill()


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as found:
        browser = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server):
    """A fresh page; whatever its scripts complain of is a fault (a refusal is an answer, and tested as such)."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.goto(server.url)
    page.wait_for_selector(".card")
    yield page
    page.close()
    assert [each for each in complaints if not each.startswith("Failed to load resource")] == []


def baseline_done(page) -> None:
    page.get_by_text("10,000 futures in").first.wait_for(timeout=60_000)


def test_it_loads_quickly(page):
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert timing < 1500
    baseline_done(page)
    assert page.locator(".card").count() == len(load("cuba_1962").questions)


def test_a_change_shows_its_difference_and_can_be_taken_back(page):
    baseline_done(page)
    page.get_by_label("Which").select_option("us_strikes_cuba")
    page.get_by_role("button", name="Try it").click()
    moved = page.locator("[data-question=Q2] .moved")
    moved.wait_for(timeout=60_000)
    assert "points" in moved.inner_text()
    assert moved.inner_text().strip().startswith("−")
    page.get_by_role("button", name="Undo").click()
    moved.wait_for(state="detached")


def test_a_slider_moves_an_answer(page):
    baseline_done(page)
    page.get_by_text("Sliders: how often listed actions happen").click()
    slider = page.locator(".slider input").first
    slider.focus()
    page.keyboard.press("End")
    page.locator(".moved").first.wait_for(timeout=60_000)
    assert "times ×10" in page.locator(".tried li").inner_text()
    page.get_by_role("button", name="Reset").click()
    page.locator(".moved").first.wait_for(state="detached")


def test_a_link_shows_the_same(page, server):
    tried = json.dumps([{"forbid": "us_strikes_cuba"}])
    page.goto(f"{server.url}#/overview?try={tried}")
    page.locator("[data-question=Q2] .moved").wait_for(timeout=60_000)
    assert "forbid us_strikes_cuba" in page.locator(".tried li").inner_text()


def test_a_wrong_change_is_told(page, server):
    page.goto(f'{server.url}#/overview?try=[{{"forbid":"moon"}}]')
    page.locator("aside .warning").wait_for(timeout=60_000)
    assert "moon" in page.locator("aside .warning").inner_text()


def test_why(page, server):
    baseline_done(page)
    page.locator("[data-question=Q2] a").click()
    page.get_by_text("What drives it").wait_for(timeout=60_000)
    page.get_by_text("One future as a story").wait_for()
    assert page.locator(".story li").count() > 0
    assert page.locator(".u-wrap").count() == 1


def test_an_event_survives_the_server(page, server):
    page.get_by_role("link", name="Ledger").click()
    page.get_by_text("Add an event").click()
    page.get_by_label("Date (").fill("1962-10-20")
    page.get_by_label("What happened").fill("A note on quarantine law")
    page.get_by_label("Happening it fires").fill("-")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added: E").wait_for(timeout=20_000)
    page.get_by_role("cell", name="A note on quarantine law").wait_for(timeout=20_000)
    server.kill()
    server.start()
    assert "A note on quarantine law" in [event["title"] for event in server.events()]


def test_killed_in_the_middle_of_writing_nothing_is_lost(server):
    """The server is killed while events are being added; whatever it had said was added is there afterwards."""
    said: list[str] = []
    for round_ in range(3):
        killer = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import time, os; time.sleep({0.4 + 0.23 * round_}); os.kill({server.process.pid}, 9)",
            ]
        )
        for number in range(200):
            row = {
                "date": "1962-10-19",
                "precision": "day",
                "title": f"Note {round_} {number}",
                "happening": "-",
            }
            request = urllib.request.Request(
                f"{server.url}api/ledger",
                json.dumps({"events": [row]}).encode(),
                {"content-type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    said += json.load(answer)["ids"]["events.csv"]
            except OSError:
                break
        killer.wait()
        server.process.wait()
        server.start()
        known = {event["id"] for event in server.events()}
        assert set(said) <= known
    assert len(said) > 3
    assert not [name for name in os.listdir(server.crisis) if name.endswith(".tmp")]


# ── further views ────────────────────────────────────────────────────────────────────────────────


def test_the_timeline_is_walked_by_keys(page, server):
    baseline_done(page)
    page.get_by_role("link", name="Timeline").click()
    page.locator(".mark").first.wait_for()
    marks = page.get_by_role("listbox", name="Timeline")
    marks.focus()
    told = page.locator(".timeline .document")
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "End"):
        page.keyboard.press(key)
        seen.append(told.inner_text())
    assert len(set(seen[:3])) == 3
    chosen = page.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("aria-label") in seen[-1]
    assert marks.get_attribute("aria-activedescendant") == chosen.get_attribute("id")


def test_the_timeline_runs_from_the_record_into_the_futures(page):
    baseline_done(page)
    page.get_by_role("link", name="Timeline").click()
    page.get_by_text("The same as a table").click()
    kinds = page.locator(".timeline td:nth-child(2)").all_inner_texts()
    assert {"recorded", "deadline", "question closes", "likely"} <= set(kinds)
    assert kinds[0].startswith("recorded")
    assert kinds[-1] in ("deadline", "question closes", "likely")


def test_actors_and_factions(page, server):
    baseline_done(page)
    page.get_by_role("link", name="Actors").click()
    page.locator(".fan svg").first.wait_for(timeout=60_000)
    assert page.locator(".ring").count() == 2
    assert page.locator(".ring").nth(1).locator(".arrow").count() > 0
    table = page.get_by_label("Who acts on whom, in numbers")
    drawn = page.locator(".ring").nth(1).locator(".arrow title").all_text_contents()
    expected = {row["actions"][0] for row in server.baseline()["dyads"] if row["expected"] > 0.02}
    assert len(drawn) == len(expected)
    assert table.locator("tbody tr").count() >= len(expected)
    page.get_by_role("combobox", name="Actor").select_option("USA")
    shares = page.locator(".fans table tbody td").all_inner_texts()
    assert all("%" in each for each in shares)


def test_quantities_with_what_is_tried(page, server):
    tried = json.dumps([{"stock": "sites", "set": 10}])
    page.goto(f"{server.url}#/quantities?try={tried}")
    page.locator(".fan .c2").first.wait_for(timeout=60_000)
    page.get_by_label("Search").fill("sites")
    page.get_by_role("combobox", name="On").select_option("0")
    cells = (
        page.get_by_label("Quantities in numbers").locator("tbody tr").first.locator("td").all_inner_texts()
    )
    assert cells[-1] == "10"
    assert cells[2] != "10"


def test_quantities_stand_against_their_past(page, server):
    page.goto(f"{server.url}#/quantities")
    chart = page.locator(".fan svg").first
    chart.wait_for(timeout=60_000)
    past = chart.locator(".past .middle").get_attribute("points").split()
    future = chart.locator(".c1:not(.past) .middle").get_attribute("points").split()
    line = float(chart.locator(".asof").get_attribute("x1"))
    assert float(past[0].split(",")[0]) < line
    assert float(past[-1].split(",")[0]) == pytest.approx(line, abs=0.1)
    assert float(future[0].split(",")[0]) == pytest.approx(line, abs=0.1)
    assert chart.get_by_text("as of ").text_content() == "as of 22 Oct 1962"
    assert re.search(
        r"The record, replayed since .* on 22 Oct 1962, the as-of date", chart.get_attribute("aria-label")
    )
    assert "the record, replayed" in page.locator(".quantities > .facts").inner_text()


def test_the_pointer_and_the_table_go_into_the_past(page, server):
    page.goto(f"{server.url}#/quantities")
    chart = page.locator(".fan svg").first
    chart.wait_for(timeout=60_000)
    begins = page.get_by_role("combobox", name="On").locator("option").first
    assert begins.inner_text().endswith(", replayed")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 46.5 / 340, box["y"] + 60)
    told = page.locator(".fan > .facts").first
    assert told.inner_text().startswith(begins.inner_text().removesuffix(", replayed"))
    page.get_by_role("combobox", name="On").select_option(begins.get_attribute("value"))
    cells = page.get_by_label("Quantities in numbers").locator("tbody tr").first.locator("td")
    assert cells.nth(2).inner_text() in told.inner_text()


def test_measured_values_are_dots(chromium, tmp_path):
    """Each once, two of one day too, with what they are in words."""
    folder = tmp_path / "cuba_1962"
    shutil.copytree(find_crisis("cuba_1962"), folder)
    crisis = load(folder)
    day, source = crisis.as_of - dt.timedelta(days=1), next(iter(crisis.sources))
    rows = [f"sites,{day},{value},{source}" for value in (9, 12)]
    (folder / "observed.csv").write_text("\n".join(["stock,date,value,source", *rows]), encoding="utf-8")
    made = Server(folder)
    try:
        page = chromium.new_page()
        page.goto(f"{made.url}#/quantities")
        chart = page.locator("section.card").filter(has=page.locator(".measured")).locator(".fan svg")
        chart.wait_for(timeout=60_000)
        texts = chart.locator(".measured title").all_text_contents()
        assert [text.rpartition(": ")[2] for text in texts] == ["9, measured", "12, measured"]
        assert "Measured 2 times, last 12 on " in chart.get_attribute("aria-label")
        x = {float(dot.get_attribute("cx")) for dot in chart.locator(".measured").all()}
        assert max(x) < float(chart.locator(".asof").get_attribute("x1"))
    finally:
        made.kill()


def test_factions_stand_against_their_past(page, server):
    page.goto(f"{server.url}#/actors")
    chart = page.locator(".fan svg").first
    chart.wait_for(timeout=60_000)
    assert chart.locator(".past").count() == chart.locator("g:not(.past) > .middle").count() > 1
    assert chart.locator(".asof").count() == 1
    assert "since " in chart.get_attribute("aria-label")


# ── what-ifs ─────────────────────────────────────────────────────────────────────────────────────


def test_a_slider_moves_a_stock(page):
    baseline_done(page)
    page.get_by_text("Sliders: where quantities stand").click()
    slider = page.locator("details[open] .slider input").first
    slider.focus()
    page.keyboard.press("Home")
    page.locator(".moved").first.wait_for(timeout=60_000)
    assert "stock" in page.locator(".tried li").inner_text()


def test_two_what_ifs_side_by_side(page, server):
    baseline_done(page)
    page.get_by_label("Which").select_option("us_strikes_cuba")
    page.get_by_role("button", name="Try it").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("combobox", name="What if").select_option("rate")
    page.get_by_label("Which").select_option("soviet_offer")
    page.get_by_role("button", name="Try it").click()
    page.locator(".tried li").nth(1).wait_for()
    lines = page.locator("[data-question=Q1] .moved:not(.stale)")
    lines.nth(1).wait_for(timeout=60_000)
    page.get_by_text("B: 10,000 futures").wait_for(timeout=60_000)
    page.get_by_text("A: 10,000 futures").wait_for(timeout=60_000)
    shown = lines.all_inner_texts()
    assert [each[0] for each in shown] == ["A", "B"]
    assert shown[0][1:] != shown[1][1:]
    page.goto("about:blank")
    page.go_back()  # the address holds both
    page.get_by_text("B: 10,000 futures").wait_for(timeout=60_000)
    assert page.locator("[data-question=Q1] .moved").all_inner_texts() == shown
    page.get_by_role("button", name="Drop B").click()
    page.locator("[data-question=Q1] .moved").nth(1).wait_for(state="detached")


def test_a_scenario_of_the_crisis_is_loaded_and_undone(page):
    baseline_done(page)
    page.get_by_label("Scenarios of the crisis").select_option("ultimatum_on_friday")
    page.locator(".moved").first.wait_for(timeout=60_000)
    assert page.locator(".tried li").count() > 0
    page.get_by_role("button", name="Undo").click()
    page.locator(".tried li").first.wait_for(state="detached")
    assert page.get_by_role("button", name="Undo").count() == 0


@pytest.mark.parametrize("how", ["change", "leave"])
def test_who_waits_no_more_says_so(page, server, how):
    """A run that the page no longer shows is cancelled: another change, or the page is left."""
    baseline_done(page)
    page.get_by_text("Sliders: how often").click()
    page.locator(".slider input").first.wait_for()
    page.evaluate(SLOW)
    with page.expect_response("**/api/whatif") as started:
        page.evaluate(MOVE, "8" if how == "change" else "10")
    job = started.value.json()["job"]
    page.wait_for_timeout(100)
    with page.expect_request(lambda request: request.method == "DELETE") as left:
        if how == "change":
            page.evaluate(MOVE, "2")
        else:
            page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert left.value.url.endswith(f"/api/jobs/{job}")


SLOW = """(() => { const ask = fetch;
  const never = new Promise(() => 0);
  window.fetch = (path, given) => /jobs/.test(path) && given.method === 'GET' ? never : ask(path, given); })()"""
"""News of simulations never arrives."""

MOVE = """(to) => { const slider = document.querySelectorAll('.slider input')[0];
  slider.value = to; slider.dispatchEvent(new Event('change')); }"""


# ── numbers, the ledger, the look ────────────────────────────────────────────────────────────────


def test_from_a_question_to_what_a_number_rests_on(page, server):
    page.goto(f"{server.url}#/why/Q2")
    page.locator(".driver").first.wait_for(timeout=60_000)
    page.locator(".driver").first.get_by_role("link", name="rate", exact=True).click()
    page.get_by_role("heading", name="actions.us_strikes_cuba.rate").wait_for()
    text = page.locator(".numbers").inner_text()
    assert "Rests on" in text or "A judgement:" in text


def test_a_number_is_tried_at_another_value(page, server):
    page.goto(f"{server.url}#/numbers/actions.us_strikes_cuba.rate")
    page.get_by_label("What if it were times").fill("3")
    page.get_by_role("button", name="Try it").click()
    moved = page.locator("[data-question=Q2] .moved")
    moved.wait_for(timeout=60_000)
    assert moved.inner_text().startswith("+")


def test_what_else_leans_on_a_source(page, server):
    crisis = load("cuba_1962")
    leaning = [name for name, each in crisis.parameters.items() if "judgement" not in each.evidence.source]
    source = crisis.parameters[leaning[0]].evidence.source[0]
    expected = sum(source in each.evidence.source for each in crisis.parameters.values())
    page.goto(f"{server.url}#/numbers/{source}")
    page.get_by_text(f"{expected} of {len(crisis.parameters)} numbers").wait_for()
    page.goto(f"{server.url}#/numbers/{leaning[0]}")
    page.get_by_text(f"{expected - 1} other number").first.wait_for()


def test_the_ledger_is_filtered(page):
    page.get_by_role("link", name="Ledger").click()
    page.locator(".ledger tbody tr").first.wait_for()
    page.get_by_label("To", exact=True).fill("1962-10-17")
    dates = page.locator(".ledger tbody tr td:nth-child(2)").all_inner_texts()
    assert dates
    assert all(each[:10] <= "1962-10-17" for each in dates)


def test_a_claim_with_who_added_it(page, server):
    page.get_by_role("link", name="Ledger").click()
    page.get_by_role("button", name="claims").click()
    page.get_by_text("Add a claim").click()
    before = page.locator("header .facts").inner_text()
    page.get_by_label("Who asserts it").fill("the ambassador")
    page.get_by_label("What is asserted").fill("There are no such weapons")
    page.get_by_label("Added by").fill("A. Clerk")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added: C").wait_for(timeout=20_000)
    row = page.get_by_role("row").filter(has_text="There are no such weapons")
    row.wait_for(timeout=20_000)
    assert "A. Clerk" in row.inner_text()
    page.get_by_text(before).wait_for(state="detached", timeout=20_000)  # another digest: simulated anew


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A server with an archive, its resolutions and a backtest (the scores of the same)."""
    place = tmp_path_factory.mktemp("judged")
    crisis = load("cuba_1962")
    for seed in (1, 2):
        add(place / "archive", forecast(crisis, trajectories=400, seed=seed))
    rows = [f"{name},{'yes' if name == 'Q1' else 'no'},1963-02-01" for name in crisis.questions]
    (place / "resolutions.csv").write_text("\n".join(["question,answer,resolved_at", *rows]) + "\n")
    there = read(place / "archive")
    scores = score(judge(there, read_resolutions(place / "resolutions.csv", there))).as_dict()
    data = {"title": "Test", "notes": [], "scores": scores, "groups": {"within 30 d": scores}}
    (place / "scores.json").write_text(json.dumps(data))
    made = Server(
        "cuba_1962",
        "--archive",
        place / "archive",
        "--resolutions",
        place / "resolutions.csv",
        "--backtest",
        place,
    )
    yield made
    made.kill()


def test_scores_and_the_archive(chromium, judged):
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{judged.url}#/scores")
    page.get_by_role("heading", name="Scores").wait_for(timeout=60_000)
    page.get_by_role("heading", name="Backtest: Test").wait_for()
    assert page.locator(".calibration").first.locator("circle").count() > 0
    page.get_by_text("2. cuba_1962 as of").click()
    page.get_by_label("Forecast 2").get_by_role("row").nth(1).wait_for()
    usable_by_everybody(page)
    page.close()


def test_an_event_is_corrected_and_the_old_row_stays(page, server):
    before = {event["id"]: event for event in server.events()}
    page.get_by_role("link", name="Ledger").click()
    page.get_by_role("button", name="Correct K02E").click()
    page.get_by_label("What happened").fill("The committee leans to a blockade")
    page.get_by_role("button", name="Add the correction").click()
    page.locator("#row-K02E.superseded").wait_for(timeout=20_000)
    after = {event["id"]: event for event in server.events()}
    (new,) = after.keys() - before.keys()
    assert after[new]["supersedes"] == "K02E"
    assert after["K02E"]["title"] == before["K02E"]["title"]
    assert {name: after[new][name] for name in ("date", "actor", "cameo", "sources", "fires")} == {
        name: before["K02E"][name] for name in ("date", "actor", "cameo", "sources", "fires")
    }


def test_a_wrong_row_is_told_and_nothing_is_added(page, server):
    before = server.events()
    page.get_by_role("link", name="Ledger").click()
    page.get_by_text("Add an event").click()
    page.get_by_label("Date (").fill("20.10.1962")
    page.get_by_label("What happened").fill("A slip")
    page.get_by_role("button", name="Add", exact=True).click()
    told = page.locator(".told")
    told.get_by_text("date: '20.10.1962'").wait_for(timeout=20_000)
    assert server.events() == before


def test_dark_by_choice_is_kept(page):
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_label("Theme").select_option("dark")
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    page.wait_for_selector(".card")
    assert page.evaluate(paper) == dark
    page.get_by_label("Theme").select_option("system")
    assert page.evaluate(paper) == light


def test_the_page_is_small():
    """Scripts and styles together, compressed."""
    folder = Path(str(resources.files("detente.web"))) / "assets"
    size = sum(len(gzip.compress(path.read_bytes())) for path in folder.rglob("*") if path.is_file())
    assert 10_000 < size < 400_000


VIEWS = (
    "overview", "timeline", "actors", "quantities", "why/Q2", "ledger", "numbers", "numbers/S01", "scores",
)  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_use_it(chromium, server, view):
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{server.url}#/{view}")
    page.wait_for_selector("main")
    settle(page)
    usable_by_everybody(page)
    page.close()


def usable_by_everybody(page) -> None:
    """axe finds no serious fault (its rules of WCAG 2 A and AA), in light and dark, on a phone."""
    axe = Path(__file__).parents[1] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        pytest.skip("axe-core is not installed: npm ci in frontend/")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.evaluate(axe.read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert [(scheme, each["id"], each["nodes"][0]["html"][:120]) for each in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def settle(page) -> None:
    """Wait until nothing is simulated any more."""
    page.wait_for_timeout(300)
    busy = "[...document.querySelectorAll('[role=status]')].some((each) => /…/.test(each.textContent))"
    for _ in range(200):
        if not page.evaluate(busy):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the page does not come to rest")
