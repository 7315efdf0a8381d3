"""The bundled crises: each loads, runs, answers its questions; and how they are found."""

import re
from importlib import resources
from pathlib import Path

import pytest

from detente.catalog import find_crisis, headline, list_crises, load
from detente.errors import CrisisFileError
from detente.forecasting import forecast

NAMES = list_crises()


@pytest.fixture(scope="module", params=NAMES)
def crisis(request):
    return load(request.param)


def test_there_are_two():
    assert NAMES == ("cuba_1962", "iran_2024")


class TestEach:
    def test_is_named_as_its_folder(self, crisis):
        assert crisis.name in NAMES
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_\d{4}", crisis.name)

    def test_has_a_title_and_a_date(self, crisis):
        assert headline(crisis.name) == (crisis.title, crisis.as_of.isoformat())
        assert crisis.title

    def test_has_its_files(self, crisis):
        folder = resources.files("detente.catalog") / crisis.name
        for name in ("crisis.yaml", "sources.csv", "README.md"):
            assert (folder / name).is_file()

    def test_runs_and_answers_every_question(self, crisis):
        found = forecast(crisis, trajectories=200, seed=1)
        assert list(found.answers) == list(crisis.questions)
        for answer in found.answers.values():
            if answer.n_given is None or answer.n_given >= 50:
                assert 0 <= answer.probability <= 1
                assert answer.mc_error > 0
        assert not found.ensemble.runaway.any()

    def test_knows_nothing_after_its_date(self, crisis):
        assert all(event.date.date() <= crisis.as_of for event in crisis.events.values())
        assert all(recorded.time <= 0 for recorded in crisis.record)

    def test_questions_close_after_its_date_and_have_a_criterion(self, crisis):
        for question in crisis.questions.values():
            assert 0 < question.closes <= crisis.horizon
            assert question.criterion
            assert question.text.endswith("?")

    def test_every_number_has_evidence(self, crisis):
        for parameter in crisis.parameters.values():
            evidence = parameter.evidence
            assert evidence.source or evidence.reference or evidence.because, parameter.name
            if evidence.is_judgement and not evidence.reference:
                assert evidence.because, parameter.name

    def test_every_source_that_is_named_exists(self, crisis):
        known = {"judgement", *crisis.sources, *crisis.claims, *crisis.events}
        for parameter in crisis.parameters.values():
            assert set(parameter.evidence.source) <= known, parameter.name


class TestFinding:
    def test_by_name(self):
        assert (find_crisis("cuba_1962") / "crisis.yaml").is_file()

    def test_by_folder_and_by_file(self):
        folder = find_crisis("cuba_1962")
        assert find_crisis(folder) == folder
        assert find_crisis(str(folder / "crisis.yaml")) == folder / "crisis.yaml"

    def test_a_folder_of_a_bundled_name_needs_its_path(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        own = tmp_path / "cuba_1962"
        own.mkdir()
        (own / "crisis.yaml").write_text("crisis: mine\nas_of: 2024-11-30\nhorizon: 30 d\n")
        assert load("cuba_1962").name == "cuba_1962"
        assert load("./cuba_1962").name == "mine"
        assert load(Path("cuba_1962")).name == "mine"

    def test_unknown(self):
        with pytest.raises(CrisisFileError) as caught:
            load("cuba_1926")
        said = str(caught.value)
        assert "there is no crisis 'cuba_1926'" in said
        assert "Did you mean 'cuba_1962'?" in said
        assert "Bundled crises: cuba_1962, iran_2024." in said

    def test_folder_without_a_crisis(self, tmp_path):
        with pytest.raises(CrisisFileError, match=r"has no file crisis\.yaml"):
            load(tmp_path)

    @pytest.mark.parametrize("name", ["", "\0", "x" * 5000])
    def test_odd_names(self, name):
        with pytest.raises(CrisisFileError, match="no"):
            load(name)
