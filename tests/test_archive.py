"""The archive of forecasts: append only, whole entries, and every change noticed."""

import itertools
import json
import threading
from pathlib import Path

import pytest

from detente.crisisfile import load
from detente.errors import CrisisFileError, ForecastError
from detente.forecasting import archive as archives
from detente.forecasting import forecast
from detente.forecasting.archive import add, read
from detente.forecasting.references import base_rate, persistence, reference
from detente.provenance import digest_of_file

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def found():
    return forecast(load(CASES / "tiny.yaml"), trajectories=160, seed=3)


@pytest.fixture
def place(tmp_path, found):
    folder = tmp_path / "archive"
    for _ in range(3):
        add(folder, found)
    return folder


def words_of(folder):
    with pytest.raises(CrisisFileError) as caught:
        read(folder)
    return str(caught.value)


class TestAdding:
    def test_an_entry_holds_what_was_said_and_what_went_in(self, tmp_path, found):
        entry = add(tmp_path / "a", found)
        assert entry == read(tmp_path / "a").entries[0]
        assert [answer.id for answer in entry.answers] == list(found.answers)
        for answer in entry.answers:
            then = found[answer.id]
            assert (answer.probability, answer.mc_error, answer.low, answer.high) == (
                then.probability, then.mc_error, then.low, then.high,
            )  # fmt: skip
        assert entry.inputs["crisis"] == found.provenance.digest
        assert {"sources", "claims", "events", "record", "posterior", "seed", "settings", "versions"} <= set(
            entry.inputs
        )
        assert entry.made_at == found.provenance.made_at

    def test_the_crisis_can_be_read_again(self, place, found):
        (kept,) = (place / archives.CRISES).iterdir()
        assert load(kept) == found.ensemble.crisis
        assert kept.stem == read(place).entries[0].inputs["simulated"]

    def test_each_entry_holds_the_digest_of_the_file_before(self, place):
        entries = read(place).entries
        assert [entry.number for entry in entries] == [1, 2, 3]
        assert entries[0].previous == ""
        for before, after in itertools.pairwise(entries):
            assert after.previous == before.digest == digest_of_file(place / f"{before.number:06d}.json")
        assert read(place).head == entries[-1].digest

    def test_curves_rise_to_the_probability(self, place):
        answers = [answer for answer in read(place).entries[0].answers if answer.curve]
        assert answers
        for answer in answers:
            assert answer.times[0] == answer.curve[0] == 0.0
            assert list(answer.times) == sorted(set(answer.times))
            assert list(answer.curve) == sorted(answer.curve)
            assert answer.curve[-1] == pytest.approx(answer.probability)

    def test_writers_at_once_lose_nothing(self, tmp_path, found):
        threads = [threading.Thread(target=add, args=(tmp_path / "a", found)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(read(tmp_path / "a").entries) == 6

    def test_nothing_is_left_beside_the_entries(self, place):
        names = {path.name for path in place.iterdir()} - {".lock"}
        assert names == {"000001.json", "000002.json", "000003.json", "head.json", "crises"}


class TestRefusals:
    def test_a_foreign_folder(self, tmp_path, found):
        (tmp_path / "thesis.tex").write_text("x")
        with pytest.raises(ForecastError, match=r"no archive: it holds 'thesis.tex'"):
            add(tmp_path, found)

    def test_a_file(self, tmp_path, found):
        (tmp_path / "a").write_text("x")
        with pytest.raises(ForecastError, match="a file, not an archive"):
            add(tmp_path / "a", found)

    def test_no_archive(self, tmp_path):
        with pytest.raises(ForecastError, match=r"run CRISIS --archive .* begins one"):
            read(tmp_path)

    def test_an_entry_is_never_overwritten(self, place):
        before = (place / "000002.json").read_bytes()
        with pytest.raises(ForecastError, match="never overwrites"):
            archives._put(place / "000002.json", "{}")
        assert (place / "000002.json").read_bytes() == before
        assert not list(place.glob(".new-*"))

    def test_a_broken_archive_takes_no_more(self, place, found):
        (place / "000001.json").write_text("{}")
        with pytest.raises(CrisisFileError):
            add(place, found)
        assert not (place / "000004.json").exists()


class TestChanges:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_any_changed_number_is_noticed(self, place, number):
        path = place / f"00000{number}.json"
        data = json.loads(path.read_text())
        data["questions"][0]["probability"] = 0.99
        path.write_text(json.dumps(data, indent=1) + "\n")
        text = words_of(place)
        assert f"00000{number}.json is not what it was" in text
        assert "Bring" in text
        assert "copy" in text

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_any_cut_entry_is_noticed(self, place, number):
        path = place / f"00000{number}.json"
        path.write_bytes(path.read_bytes()[:-200])
        assert "cut off or is not JSON" in words_of(place)

    @pytest.mark.parametrize("number", [1, 2])
    def test_an_entry_gone_from_between(self, place, number):
        (place / f"00000{number}.json").unlink()
        assert f"entry {number} is missing" in words_of(place)

    def test_the_last_entry_gone(self, place):
        (place / "000003.json").unlink()
        assert "the archive had 3 entries, and 2 are there" in words_of(place)

    def test_the_head_gone(self, place):
        (place / "head.json").unlink()
        assert "the head of the archive is missing" in words_of(place)

    def test_all_faults_at_once(self, place):
        for number in (1, 3):
            (place / f"00000{number}.json").write_text('{"form": "something else"}')
        text = words_of(place)
        assert "faults in 000001.json" in text or "fault in 000001.json" in text
        assert "fault in 000003.json" in text

    def test_a_crash_between_entry_and_head_is_no_fault(self, place, found):
        head = (place / "head.json").read_text()
        add(place, found)
        (place / "head.json").write_text(head)
        assert len(read(place).entries) == 4
        add(place, found)
        assert len(read(place).entries) == 5

    def test_a_file_half_written_before_a_crash_is_no_fault(self, place, found):
        (place / ".new-abc").write_text('{"half')
        assert add(place, found).number == 4


class TestReferences:
    def test_base_rate_is_the_predictive_of_a_gamma_rate(self):
        import numpy as np

        rates = np.random.default_rng(5).gamma(2.5, 1 / 100.0, 400_000)
        # error of the mean below 3e-4; tolerance is five of them
        assert float(base_rate(2, 100.0, 30.0)) == pytest.approx(1 - np.exp(-30 * rates).mean(), abs=1.5e-3)

    def test_base_rate_never_is_certain(self):
        assert 0.0 < float(base_rate(0, 400.0, 30.0)) < 0.05
        assert float(base_rate(400, 400.0, 30.0)) < 1.0

    def test_no_record_no_base_rate(self):
        with pytest.raises(ForecastError, match="needs a record"):
            base_rate(0, 0.0, 30.0)

    def test_persistence_learns_that_nothing_changes(self):
        long_quiet = persistence([-95.0], 100.0, 10.0)
        burning = persistence([-95.0 + 10 * k for k in range(10)], 100.0, 10.0)
        assert long_quiet < 0.2 < 0.9 < burning

    def test_only_the_past_and_complete_records_count(self):
        from detente.catalog import load as catalog

        crisis = catalog("iran_2024")
        assert reference(crisis.questions["H08"], crisis) is None
        found = reference(crisis.questions["H05"], crisis)
        assert found.count == 2
        assert found.days == pytest.approx(427.0)
