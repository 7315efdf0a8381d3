"""The interface of the server: what the page asks for, and what anybody else may try."""

import dataclasses
import datetime as dt
import json
import math
import shutil
import time
from importlib import resources

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from detente import forecast, load, simulate
from detente.catalog import find_crisis
from detente.cli.app import app as cli
from detente.errors import CrisisFileError
from detente.forecasting.archive import add, read
from detente.forecasting.judging import judge
from detente.forecasting.resolutions import read_resolutions
from detente.forecasting.scores import score
from detente.web.guarding import Rules, local_hosts
from detente.web.judged import Shelf
from detente.web.quantities import past_of, quantities_result
from detente.web.results import QuantitiesResult
from detente.web.room import Room
from detente.web.running import MAX_WAITING
from detente.web.server import ServeError, create_app, serve

FORBID = {"forbid": "us_strikes_cuba"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of a bundled crisis, to be added to."""
    target = tmp_path_factory.mktemp("crises") / "cuba_1962"
    with resources.as_file(resources.files("detente.catalog") / "cuba_1962") as source:
        shutil.copytree(source, target)
    return target


@pytest.fixture(scope="module")
def client(folder):
    app = create_app(Room(str(folder), seed=5, threads=1), Rules(local_hosts(8765)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as made:
        yield made


def result(client, path, body=None):
    """Start a simulation and wait for its end."""
    job = client.post(path, json=body).json()
    deadline = time.monotonic() + 60
    while job["status"] in ("waiting", "running") and time.monotonic() < deadline:
        job = client.get(f"/api/jobs/{job['job']}", params={"after": job["version"], "wait": 5}).json()
    assert job["status"] == "done", job["error"]
    return job["result"]


def test_the_crisis_is_described(client):
    found = client.get("/api/crisis").json()
    assert found["name"] == "cuba_1962"
    assert found["can_be_added_to"]
    assert {each["kind"] for each in found["deadlines"]} >= {"occasion", "question"}
    assert [each["name"] for each in found["commitments"]] == ["ultimatum"]
    assert all(each["now"] is not None for each in found["stocks"])


def test_the_baseline_answers_all_questions(client):
    found = result(client, "/api/baseline")
    assert found["trajectories"] == 10_000
    for question in found["questions"]:
        curve = found["curves"][question["id"]]
        assert curve["probability"][-1] == pytest.approx(question["probability"])


def test_a_what_if_is_paired_with_the_baseline(client):
    baseline = {each["id"]: each["probability"] for each in result(client, "/api/baseline")["questions"]}
    found = {
        each["question"]: each for each in result(client, "/api/whatif", {"changes": [FORBID]})["questions"]
    }
    for name, each in found.items():
        assert each["baseline"] == pytest.approx(baseline[name])
        assert each["difference"] == pytest.approx(each["scenario"] - each["baseline"])
    assert found["Q2"]["scenario"] < found["Q2"]["baseline"]


def test_nothing_changed_is_no_difference(client):
    found = result(client, "/api/whatif", {"changes": []})
    assert all(each["same"] and each["difference"] == 0.0 for each in found["questions"])


def test_reasons_paths_and_a_story(client):
    found = result(client, "/api/why", {"question": "Q2"})
    assert found["why"]["drivers"]
    assert found["story"]["turns"][0]["text"]


def test_base_and_factors_make_the_intensity(client):
    drivers = result(client, "/api/why", {"question": "Q2"})["why"]["drivers"]
    assert any(each["factors"] for each in drivers)
    for driver in drivers:
        logs = math.log(driver["base"]) + sum(each["log"] for each in driver["factors"])
        assert logs == pytest.approx(math.log(driver["intensity"]), abs=1e-9)


def test_factors_lead_to_their_numbers(client):
    known = {each["name"] for each in client.get("/api/numbers").json()}
    drivers = result(client, "/api/why", {"question": "Q2"})["why"]["drivers"]
    strike = next(each for each in drivers if each["name"] == "us_strikes_cuba")
    assert strike["base_numbers"] == ["actions.us_strikes_cuba.rate"]
    assert len(strike["factor_numbers"]) == len(strike["factors"])
    named = {name for driver in drivers for names in driver["factor_numbers"] for name in names}
    assert "actions.us_strikes_cuba.factors.0.times" in named
    assert named <= known


def test_quantities_are_quantiles_over_time(client):
    found = result(client, "/api/quantities", {})
    assert found["dates"][0] == client.get("/api/crisis").json()["as_of"]
    assert {each["name"] for each in found["stocks"]} == {"alert", "excomm", "sites"}
    for each in found["stocks"]:
        values = np.array(each["quantiles"])
        assert values.shape == (5, len(found["dates"]))
        assert (np.diff(values, axis=0) >= 0.0).all()


def test_the_past_of_quantities_ends_on_the_as_of_date(client):
    found = result(client, "/api/quantities", {})
    assert found["past_dates"][-1] == found["dates"][0]
    assert found["past_dates"] == sorted(found["past_dates"])
    for each in found["stocks"]:
        values = np.array(each["past"], dtype=float)  # null becomes NaN
        assert values.shape == (5, len(found["past_dates"]))
        assert not (np.diff(values, axis=0) < 0.0).any()
        assert values[2, -1] == pytest.approx(each["quantiles"][2][0], rel=0.1, abs=1.0)


def test_a_scenario_does_not_change_the_past(client):
    before = result(client, "/api/quantities", {"changes": []})["stocks"]
    after = result(client, "/api/quantities", {"changes": [{"stock": "sites", "set": 10}]})["stocks"]
    assert [each["past"] for each in before] == [each["past"] for each in after]


def test_measured_values_stand_beside_the_past():
    crisis = load("iran_2024")
    past = past_of(crisis, find_crisis("iran_2024"), seed=1, threads=1)
    ensemble = simulate(crisis, trajectories=8, seed=1, paths=("heu60", "rial"), every=7.0)
    heu60, rial = quantities_result(ensemble, past)["stocks"]
    assert [day for day, _ in rial["measured"]] == ["2024-03-15", "2024-07-30", "2024-11-06"]
    assert heu60["measured"][-1] == ["2024-10-26", 182.3]
    assert heu60["past"][0][0] is None  # its start value was measured later
    assert heu60["past"][2][-1] == pytest.approx(heu60["quantiles"][2][0], rel=0.05)


def test_no_record_no_past():
    crisis = dataclasses.replace(load("cuba_1962"), record_from=0.0)
    assert past_of(crisis, find_crisis("cuba_1962"), seed=1, threads=1) is None
    ensemble = simulate(crisis, trajectories=8, seed=1, paths=("sites",))
    found = quantities_result(ensemble)
    assert found["past_dates"] == []
    assert found["stocks"][0]["past"] == []


def test_shares_of_factions(client):
    (balance, *_) = result(client, "/api/quantities", {})["balances"]
    low, high = (sum(np.array(each["quantiles"])[level] for each in balance["factions"]) for level in (0, 4))
    assert (low <= 1.0).all()
    assert (high >= 1.0 - 1e-4).all()


def test_shares_of_factions_have_a_past(client):
    found = result(client, "/api/quantities", {})
    for balance in found["balances"]:
        for each in balance["factions"]:
            values = np.array(each["past"], dtype=float)
            assert values.shape == (5, len(found["past_dates"]))
            assert values[2, -1] == pytest.approx(each["quantiles"][2][0], abs=0.05)
        medians = sum(np.array(each["past"], dtype=float)[2] for each in balance["factions"])
        assert medians == pytest.approx(1.0, abs=0.05)


def test_the_description_tells_of_the_past(client):
    described = client.get("/api/openapi.json").json()
    answer = described["paths"]["/api/quantities"]["post"]["responses"]["202"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/QuantitiesJob"}
    shapes = described["components"]["schemas"]
    assert "Null where nothing is claimed" in shapes["FanResult"]["properties"]["past"]["description"]
    assert {"past_dates", "levels", "balances"} <= set(shapes["QuantitiesResult"]["required"])
    assert "measured" in shapes["FanResult"]["required"]


def test_quantities_are_what_the_description_says(client):
    """With and without a past; of a job that is done, and of one that has only begun."""
    crisis = load("iran_2024")
    past = past_of(crisis, find_crisis("iran_2024"), seed=1, threads=1)
    names = ("heu60", *(f"IRN.{faction.name}" for faction in crisis.actors["IRN"].factions))
    ensemble = simulate(crisis, trajectories=8, seed=1, paths=names, horizon=20.0)
    for found in (quantities_result(ensemble, past), quantities_result(ensemble)):
        assert json.loads(QuantitiesResult.model_validate(found).model_dump_json()) == found
    result(client, "/api/quantities", {})
    done = client.post("/api/quantities", json={}).json()
    assert done["status"] == "done"
    assert done == client.get(f"/api/jobs/{done['job']}").json()
    begun = client.post("/api/quantities", json={"changes": [{"stock": "sites", "set": 11}]})
    assert begun.status_code == 202
    assert set(begun.json()) == set(done)


def test_wrong_measurements_are_told_and_not_drawn(tmp_path):
    """The quantities fail with the place of the fault; the answers stand."""
    folder = tmp_path / "cuba_1962"
    shutil.copytree(find_crisis("cuba_1962"), folder)
    (folder / "observed.csv").write_text("stock,date,value,source\nsits,1962-10-20,4,K01\n", encoding="utf-8")
    room = Room(str(folder), seed=1, threads=1)
    with pytest.raises(CrisisFileError, match="there is no stock 'sits'"):
        room.past()
    assert room.forecast(100).answers


def test_quantities_follow_what_is_tried(client):
    before = result(client, "/api/quantities", {"changes": []})["stocks"]
    after = result(client, "/api/quantities", {"changes": [{"stock": "sites", "set": 10}]})["stocks"]
    starts = [
        next(each for each in found if each["name"] == "sites")["quantiles"][2][0]
        for found in (before, after)
    ]
    assert starts[1] == pytest.approx(10.0)
    assert starts[0] > 10.0


def test_who_acts_on_whom(client):
    found = result(client, "/api/baseline")
    strike = next(each for each in found["dyads"] if "us_strikes_cuba" in each["actions"])
    assert (strike["actor"], strike["recipient"], strike["conflict"]) == ("USA", "SUN", True)
    assert strike["expected"] > found["counts"]["us_strikes_cuba"] > 0.0
    after = result(client, "/api/whatif", {"changes": [FORBID]})["dyads"]
    less = next(each for each in after if "us_strikes_cuba" in each["actions"])
    assert less["expected"] < strike["expected"]
    assert less["recorded"] == strike["recorded"]


def test_scenarios_of_the_folder_can_be_tried(client):
    (found,) = client.get("/api/scenarios").json()
    assert found["name"] == "ultimatum_on_friday"
    answers = result(client, "/api/whatif", {"changes": found["changes"]})["questions"]
    assert any(each["difference"] for each in answers)


def test_scenarios_of_a_bundled_crisis():
    lines = {each["name"]: each["changes"] for each in Room("iran_2024", seed=5).scenarios()}
    assert {"hold": "lebanon_truce", "until": "2025-06-01"} in lines["truce_holds"]


def test_a_scenario_can_be_kept(client, tmp_path):
    from detente.scenario import apply, load_scenario

    given = client.post("/api/scenario", json={"changes": [FORBID], "title": "Calm"}).json()
    path = tmp_path / given["file"]
    path.write_text(given["text"], encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.title == "Calm"
    assert "us_strikes_cuba" in apply(scenario, load("cuba_1962")).moments


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"forbid": "us_strikes_cub"}], "us_strikes_cuba"),
        ([{"forbit": "us_strikes_cuba"}], "forbid"),
        ([{"stock": "sites", "set": "many"}], "takes a number"),
        ([FORBID | {"until": "yesterday"}], "yesterday"),
    ],
)
def test_a_wrong_change_is_told_in_the_words_of_files(client, changes, words):
    answer = client.post("/api/whatif", json={"changes": changes})
    assert answer.status_code == 422
    assert words in json.dumps(answer.json()["errors"], ensure_ascii=False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/why", {"question": "Q99"}, 404),
        ("POST", "/api/whatif", {"changes": "none"}, 422),
        ("POST", "/api/whatif", {"changes": [FORBID] * 201}, 422),
        ("POST", "/api/whatif", {"changes": [], "more": 1}, 422),
        ("GET", "/api/jobs/none", None, 404),
        ("GET", "/api/jobs/none?wait=1000", None, 422),
        ("DELETE", "/api/baseline", None, 405),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/assets/../server.py", None, 404),
    ],
)
def test_what_is_refused(client, method, path, body, status):
    assert client.request(method, path, json=body).status_code == status


def test_an_addition_is_kept_and_read_again(client, folder):
    before = client.get("/api/crisis").json()["digest"]
    row = {
        "date": "1962-10-21", "precision": "day", "actor": "USAGOV", "recipient": "RUSGOV", "cameo": "010",
        "title": "A statement for the test", "happening": "-",
    }  # fmt: skip
    answer = client.post("/api/ledger", json={"events": [row]})
    assert answer.status_code == 201, answer.text
    (new,) = answer.json()["ids"]["events.csv"]
    titles = {event["id"]: event["title"] for event in client.get("/api/ledger").json()["events"]}
    assert titles[new] == "A statement for the test"
    assert "A statement for the test" in (folder / "events.csv").read_text(encoding="utf-8")
    assert client.get("/api/crisis").json()["digest"] != before
    again = Room(str(folder), seed=5)
    assert new in again.crisis.events


def test_who_added_a_row_and_when_is_kept(client, folder):
    claim = {"asserted_by": "the envoy", "content": "A claim for the test", "status": "asserted"}
    source = {"id": "S900", "title": "A report for the test", "date": "1962-10-21"}
    rows = {"claims": [claim | {"source": "S900"}], "sources": [source], "by": " J. Doe "}
    answer = client.post("/api/ledger", json=rows)
    assert answer.status_code == 201, answer.text
    ledger = client.get("/api/ledger").json()
    (found,) = (each for each in ledger["claims"] if each["content"] == "A claim for the test")
    assert found["recorded_by"] == "J. Doe"
    made = dt.datetime.fromisoformat(found["recorded_at"].replace("Z", "+00:00"))
    assert abs((dt.datetime.now(dt.UTC) - made).total_seconds()) < 60
    assert found["source"] == ["S900"]
    assert "recorded_at,recorded_by" in (folder / "claims.csv").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("by", ["x" * 81, "two\nlines"])
def test_a_name_that_is_none(client, by):
    assert client.post("/api/ledger", json={"by": by}).status_code == 422


def test_a_wrong_addition_changes_nothing(client, folder):
    before = (folder / "events.csv").read_bytes()
    answer = client.post(
        "/api/ledger", json={"events": [{"date": "21.10.1962", "title": "x", "precision": "day"}]}
    )
    assert answer.status_code == 422
    assert "21.10.1962" in answer.json()["errors"][0]["message"]
    assert (folder / "events.csv").read_bytes() == before


def test_a_bundled_crisis_is_not_added_to():
    app = create_app(Room("cuba_1962", seed=5), Rules(local_hosts(8765)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        answer = client.post("/api/ledger", json={"events": [{"title": "x"}]})
    assert answer.status_code == 409
    assert "Copy its folder" in answer.text


def test_logging_in():
    app = create_app(Room("cuba_1962", seed=5), Rules(local_hosts(8765), token="secret"))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        assert client.get("/api/crisis").status_code == 401
        assert client.post("/api/login", json={"token": "wrong"}).status_code == 401
        answer = client.post("/api/login", json={"token": "secret"})
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert client.get("/api/crisis").status_code == 200


# ── earlier forecasts ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive of two forecasts, and how their questions turned out."""
    place = tmp_path_factory.mktemp("judged")
    crisis = load("cuba_1962")
    for seed in (1, 2):
        add(place / "archive", forecast(crisis, trajectories=400, seed=seed))
    rows = [f"{name},{'yes' if name == 'Q1' else 'no'},1963-02-01" for name in crisis.questions]
    (place / "resolutions.csv").write_text("\n".join(["question,answer,resolved_at", *rows]) + "\n")
    return place


def past(shelf):
    app = create_app(Room("cuba_1962", seed=5), Rules(local_hosts(8765)), shelf)
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        return result(client, "/api/scores")


def test_without_an_archive_it_says_what_to_do():
    found = past(Shelf())
    assert found["scores"] is None
    assert "--archive DIR" in found["remark"]


def test_without_resolutions_the_archive_is_listed(archive):
    found = past(Shelf(archive / "archive"))
    assert [each["number"] for each in found["entries"]] == [2, 1]
    assert found["scores"] is None
    assert "--resolutions FILE" in found["remark"]


def test_scores_are_those_of_the_command(archive):
    found = past(Shelf(archive / "archive", archive / "resolutions.csv"))
    there = read(archive / "archive")
    expected = score(judge(there, read_resolutions(archive / "resolutions.csv", there))).as_dict()
    assert found["scores"]["brier"] == expected["brier"]
    assert found["scores"]["calibration"] == json.loads(json.dumps(expected["calibration"]))
    assert {row["state"] for row in found["rows"]} == {"yes", "no"}


def test_a_forecast_that_is_added_meanwhile_is_seen(archive):
    shelf = Shelf(archive / "archive")
    before = shelf.digest
    assert shelf.digest == before
    add(archive / "archive", forecast(load("cuba_1962"), trajectories=80, seed=3))
    assert shelf.digest != before


def test_a_backtest_is_shown(tmp_path, archive):
    there = read(archive / "archive")
    scores = score(judge(there, read_resolutions(archive / "resolutions.csv", there))).as_dict()
    data = {"title": "Tested", "notes": ["a note"], "scores": scores, "groups": {"30 d": scores}}
    (tmp_path / "scores.json").write_text(json.dumps(data))
    found = past(Shelf(backtest=tmp_path))["backtest"]
    assert found["scores"]["brier"] == scores["brier"]
    assert set(found["groups"]) == {"30 d"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--backtest", "nowhere"], "there are no scores in 'nowhere'"),
        (["--archive", "nowhere"], "there is no archive of forecasts in 'nowhere'"),
        (["--resolutions", "nowhere.csv"], "Add --archive DIR"),
    ],
)
def test_an_archive_that_is_none_is_said_at_once(arguments, words):
    done = CliRunner().invoke(cli, ["serve", "cuba_1962", "--no-browser", *arguments])
    assert done.exit_code != 0
    assert words in done.output + done.stderr


# ── floods ───────────────────────────────────────────────────────────────────────────────────────


def test_a_flood_of_what_ifs_leaves_the_page_responsive(folder):
    """Twice as many what-ifs as the line holds, all at once: some are refused, and the page answers meanwhile."""
    app = create_app(Room(str(folder), seed=88, threads=1), Rules(local_hosts(8765)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        client.get("/api/crisis")
        statuses, jobs, waits = [], [], []
        for number in range(2 * MAX_WAITING + 4):
            changes = [{"rate": "us_strikes_cuba", "times": f"×{1 + number / 100}"}]
            answer = client.post("/api/whatif", json={"changes": changes})
            statuses.append(answer.status_code)
            jobs += [answer.json()["job"]] if answer.status_code == 202 else []
            begun = time.monotonic()
            assert client.get("/api/crisis").status_code == 200
            waits.append(time.monotonic() - begun)
        assert set(statuses) == {202, 429}
        assert "too many simulations are waiting" in answer.text or statuses[-1] == 202
        assert max(waits) < 0.5
        for job in jobs:
            client.delete(f"/api/jobs/{job}")


def test_a_huge_request_is_refused(client):
    changes = [{"forbid": "us_strikes_cuba", "because": "x" * 2000} for _ in range(150)]
    answer = client.post("/api/whatif", json={"changes": changes})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_a_rate_beyond_measure_ends(client):
    """A clock that fires a billion times a day is stopped as a runaway, not computed."""
    found = result(client, "/api/whatif", {"changes": [{"rate": "aircraft_lost", "times": "×1000000000"}]})
    assert found["runaway"] > 0


def test_a_simulation_can_be_cancelled(folder):
    app = create_app(Room(str(folder), seed=77, threads=1), Rules(local_hosts(8765)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        job = client.post("/api/baseline").json()["job"]
        client.delete(f"/api/jobs/{job}")
        status = client.get(f"/api/jobs/{job}", params={"wait": 5, "after": 0}).json()["status"]
        assert status in ("cancelled", "running", "done")


def test_an_open_network_needs_a_token():
    with pytest.raises(ServeError, match="Add --token"):
        serve("cuba_1962", host="0.0.0.0", browser=False)


def test_a_taken_port_is_said():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServeError, match="Choose another --port"):
            serve("cuba_1962", port=taken.getsockname()[1], browser=False)


def test_nobody_finds_a_fault_of_the_server(folder):
    """Requests made from the description, lawful and not: none is answered with an error of the server (5xx)."""
    schemathesis = pytest.importorskip("schemathesis")
    app = create_app(Room(str(folder), seed=5, threads=1), Rules(local_hosts(8765)))
    described = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={"host": "127.0.0.1:8765"})
    statuses = [tried(each.ok()) for each in described.get_all_operations()]
    assert len(statuses) >= 12
    assert not set().union(*statuses) & {403, 421}
    assert sum(any(status < 300 for status in seen) for seen in statuses) >= 6


def tried(operation):
    """Send requests of one kind; the statuses of the answers."""
    seen = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case):
        answer = case.call(headers={"host": "127.0.0.1:8765"})
        assert answer.status_code < 500, (case, answer.status_code)
        seen.add(answer.status_code)

    attempt()
    return seen
