"""The append-only store: what it keeps, what it refuses, and that nothing tears it."""

import csv
import io
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.crisisfile import load
from detente.crisisfile.tables import read_tables
from detente.errors import CrisisFileError, DetenteError
from detente.ledger import store
from detente.ledger.appending import extend, next_id, rows_of
from detente.ledger.store import append, cells_of

CRISIS = """
crisis: ferry_row
as_of: 2024-11-30
record_from: 2024-01-01
horizon: 30 d
source: judgement
because: made up for a test
actions: {seizure: {rate: 2 per year, matches: [{cameo: "17"}]}}
"""
SOURCES = "id,title,publisher,date,kind,reliability,note\nS1,Report,Paper,2024-05-01,,B,\n"
EVENTS = (
    "id,date,precision,actor,recipient,cameo,plover,title,confidence,sources,claims,own words\n"
    'E1,2024-06-01,day,SUD,NOR,175,,"Seized, it is said",high,S1,,"line one\nline ""two"""\n'
)
EVENT = {"date": "2024-07-01", "precision": "day", "cameo": "170", "title": "A ferry is held"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "crisis.yaml").write_text(CRISIS)
    (tmp_path / "sources.csv").write_text(SOURCES)
    (tmp_path / "events.csv").write_text(EVENTS)
    return tmp_path


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def left_over(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]


class TestAppending:
    def test_rows_are_added_and_nothing_else_changes(self, folder):
        before = bytes_of(folder)
        appended = append(folder, events=[EVENT | {"id": "E7", "sources": "S1"}])
        after = bytes_of(folder)
        assert after["sources.csv"] == before["sources.csv"]
        assert (
            after["events.csv"] == before["events.csv"] + b"E7,2024-07-01,day,,,170,,A ferry is held,,S1,,\n"
        )
        assert appended.ids == {"events.csv": ("E7",)}
        assert [each.event for each in load(folder).record] == ["E1", "E7"]

    def test_the_next_id_is_given(self, folder):
        assert append(folder, events=[EVENT, EVENT]).ids == {"events.csv": ("E2", "E3")}
        assert append(folder, claims=[{"asserted_by": "x", "content": "y", "status": "asserted"}]).ids == {
            "claims.csv": ("C001",)
        }

    def test_tables_may_be_begun_and_refer_to_one_another_at_once(self, folder):
        append(
            folder,
            sources=[{"id": "S2", "title": "Reply"}],
            claims=[{"id": "C1", "asserted_by": "x", "content": "y", "source": "S2", "status": "asserted"}],
            events=[EVENT | {"id": "E2", "claims": "C1"}],
        )
        tables = read_tables(folder)
        assert (tables.claims["C1"].source, tables.events["E2"].claims) == (("S2",), ("C1",))

    def test_a_column_is_added_only_where_it_is_needed(self, folder):
        before = (folder / "events.csv").read_text()
        appended = append(folder, events=[EVENT | {"supersedes": "E1", "known_at": "2024-08-01", "held": ""}])
        assert appended.columns == {"events.csv": ("known_at", "supersedes")}
        header, first, second, new = (folder / "events.csv").read_text().splitlines()
        assert header == before.splitlines()[0] + ",known_at,supersedes"
        assert (first, second) == (before.splitlines()[1], before.splitlines()[2] + ",,")
        assert new.endswith(",2024-08-01,E1")
        assert read_tables(folder).events["E1"].extra == {"own words": 'line one\nline "two"'}

    def test_a_column_of_the_files_own_can_be_filled(self, folder):
        append(folder, events=[EVENT | {"own words": "mine"}])
        assert read_tables(folder).events["E2"].extra["own words"] == "mine"

    def test_a_dry_run_writes_nothing_and_finds_the_same(self, folder):
        before = bytes_of(folder)
        tried = append(folder, events=[EVENT], dry_run=True)
        assert bytes_of(folder) == before
        assert append(folder, events=[EVENT]) == tried

    def test_permissions_stay(self, folder):
        (folder / "events.csv").chmod(0o640)
        append(folder, events=[EVENT])
        assert (folder / "events.csv").stat().st_mode & 0o777 == 0o640

    def test_a_link_stays_a_link(self, folder):
        (folder / "events.csv").rename(folder / "kept_elsewhere.csv")
        (folder / "events.csv").symlink_to("kept_elsewhere.csv")
        append(folder, events=[EVENT])
        assert (folder / "events.csv").is_symlink()
        assert "A ferry is held" in (folder / "kept_elsewhere.csv").read_text()

    def test_the_cells_of_a_row(self, folder):
        assert cells_of(folder, "events.csv", "E1")["title"] == "Seized, it is said"
        assert cells_of(folder, "events.csv", "E9") == {}
        assert cells_of(folder, "claims.csv", "C1") == {}


class TestText:
    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("last", [True, False])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_line_endings_and_the_byte_order_mark_stay(self, ending, last, mark):
        text = (
            mark
            + ending.join(["id,title,publisher,date,kind,reliability", "S1,A,,,,"])
            + (ending if last else "")
        )
        extended = extend("sources.csv", text, [{"id": "S2", "title": "B", "supersedes": "S1"}])
        assert extended.text == mark + ending.join(
            ["id,title,publisher,date,kind,reliability,supersedes", "S1,A,,,,,", "S2,B,,,,,S1", ""]
        )

    def test_blank_lines_stay_blank(self):
        text = "id,title,publisher,date,kind,reliability\n\nS1,A,,,,\n\n"
        assert extend("sources.csv", text, [{"id": "S2", "note": "x"}]).text == (
            "id,title,publisher,date,kind,reliability,note\n\nS1,A,,,,,\n\nS2,,,,,,x\n"
        )

    cells = st.text(st.sampled_from('ab,"\n\r; \u00e9'), max_size=6)

    @given(
        st.lists(st.lists(cells, min_size=6, max_size=6), max_size=4), st.lists(cells, min_size=2, max_size=2)
    )
    def test_any_table_reads_as_before_with_one_more_column(self, rows, new):
        out = io.StringIO()
        csv.writer(out).writerows([["id", "title", "publisher", "date", "kind", "reliability"], *rows])
        extended = extend("sources.csv", out.getvalue(), [{"title": new[0], "note": new[1] or "x"}])
        read = [*csv.reader(io.StringIO(extended.text, newline=""))]
        assert read[1:-1] == [[*row, ""] for row in rows]
        assert read[-1] == ["", new[0], "", "", "", "", new[1] or "x"]

    @given(st.lists(st.lists(cells, min_size=6, max_size=6), max_size=4))
    def test_without_a_new_column_the_text_is_only_continued(self, rows):
        out = io.StringIO()
        csv.writer(out).writerows([["id", "title", "publisher", "date", "kind", "reliability"], *rows])
        extended = extend("sources.csv", out.getvalue(), [{"title": "B"}])
        assert extended.text == out.getvalue() + ",B,,,,\r\n"

    def test_a_quote_inside_a_bare_cell_opens_nothing(self):
        text = 'id,title,publisher,date,kind,reliability\nS1,6" gun,,,,\nS2,B,,,,\n'
        assert extend("sources.csv", text, [{"note": "x"}]).text.splitlines()[1:3] == [
            'S1,6" gun,,,,,',
            "S2,B,,,,,",
        ]

    def test_ids(self):
        assert next_id(["S1", "S9"], "S001") == "S10"
        assert next_id(["E1", "x", "K02E"], "E001") == "E2"
        assert rows_of(None) == []


class TestRefusals:
    def faults(self, folder, **rows):
        before = bytes_of(folder)
        with pytest.raises(CrisisFileError) as caught:
            append(folder, **rows)
        assert bytes_of(folder) == before
        assert left_over(folder) == []
        assert all(fault.hint for fault in caught.value.faults)
        return caught.value.faults

    def test_an_id_that_exists(self, folder):
        (fault,) = self.faults(folder, events=[EVENT | {"id": "E1"}])
        assert fault.message == "the id 'E1' stands in events.csv already"
        assert "`supersedes`" in fault.hint

    def test_an_id_of_another_table(self, folder):
        faults = self.faults(folder, events=[EVENT | {"id": "S1"}])
        assert "stands in sources.csv already" in faults[0].message

    def test_a_column_that_no_table_has(self, folder):
        (fault,) = self.faults(folder, events=[EVENT | {"sorces": "S1"}])
        assert (fault.path, fault.message) == ("E2.sorces", "there is no column 'sorces'")
        assert "Did you mean 'sources'?" in fault.hint

    def test_all_faults_at_once(self, folder):
        faults = self.faults(
            folder,
            sources=[{"id": "S1", "title": "Again"}],
            events=[EVENT | {"id": "E1", "cameo": "36", "sources": "S9", "held": "2", "when": "now"}],
        )
        said = " ".join(fault.message for fault in faults)
        for words in (
            "'S1' stands in",
            "'E1' stands in",
            "lost its leading zero",
            "no 'S9'",
            "not a probability",
            "'when'",
        ):
            assert words in said

    @pytest.mark.parametrize(
        ("cells", "words"),
        [
            ({"date": "2024-12-01"}, "later than the as-of date"),
            ({"known_at": "2025-01-01"}, "known only after the as-of date"),
            ({"happening": "collision"}, "there is no happening 'collision'"),
            ({"supersedes": "E5"}, "there is no 'E5' to supersede"),
            ({"title": "a\x07b"}, "control character"),
            ({"title": ""}, "the cell is empty"),
        ],
    )
    def test_the_whole_crisis_is_checked(self, folder, cells, words):
        assert any(words in fault.message for fault in self.faults(folder, events=[EVENT | cells]))

    def test_a_crisis_that_is_broken_already(self, folder):
        (folder / "events.csv").write_text(EVENTS.replace("2024-06-01", "June"))
        assert "'June' is not a date" in self.faults(folder, events=[EVENT])[0].message

    def test_a_folder_without_a_crisis(self, tmp_path):
        with pytest.raises(CrisisFileError, match=r"there is no crisis\.yaml"):
            append(tmp_path, events=[EVENT])

    def test_a_table_that_would_be_too_large(self, folder, monkeypatch):
        monkeypatch.setattr(store, "MAX_TABLE_BYTES", len(EVENTS.encode()) + 10)
        assert any("more than" in fault.message for fault in self.faults(folder, events=[EVENT]))

    def test_a_section_of_the_same_name(self, folder):
        (folder / "crisis.yaml").write_text(CRISIS + "claims: {C1: {asserted_by: x, content: y}}\n")
        faults = self.faults(folder, claims=[{"asserted_by": "x", "content": "y", "status": "asserted"}])
        assert any("a section `claims` and a table claims.csv" in fault.message for fault in faults)


class TestMishaps:
    @pytest.mark.parametrize("name", ["fsync", "replace"])
    def test_a_write_that_fails_leaves_everything_as_it_was(self, folder, monkeypatch, name):
        before = bytes_of(folder)

        def fails(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(store.os, name, fails)
        with pytest.raises(DetenteError, match="No space left on device"):
            append(folder, sources=[{"id": "S2", "title": "Reply"}], events=[EVENT | {"sources": "S2"}])
        assert bytes_of(folder) == before
        assert left_over(folder) == []

    @pytest.mark.parametrize("step", [1, 2, 3])
    def test_a_crash_between_the_tables_leaves_a_valid_folder(self, folder, monkeypatch, step):
        calls = []

        def dies(source, target):
            calls.append(target)
            if len(calls) == step:
                raise KeyboardInterrupt
            os.rename(source, target)

        monkeypatch.setattr(store.os, "replace", dies)
        claim = {"id": "C1", "asserted_by": "x", "content": "y", "source": "S2", "status": "asserted"}
        with pytest.raises(KeyboardInterrupt):
            append(
                folder,
                sources=[{"id": "S2", "title": "Reply"}],
                claims=[claim],
                events=[EVENT | {"claims": "C1"}],
            )
        tables = read_tables(folder)
        assert [len(tables.sources), len(tables.claims), len(tables.events)] == [
            1 + (step > 1), int(step > 2), 1
        ]  # fmt: skip
        load(folder)

    @pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are a matter of POSIX")
    def test_a_full_disk(self, folder):
        """The largest file that the process may write is smaller than the new table."""
        before = bytes_of(folder)
        code = f"""
            import resource, signal
            from detente.ledger.store import append
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
            append({str(folder)!r}, sources=[{{"title": "Reply"}}], events=[{EVENT | {"title": "x" * 500}!r}])
        """
        ended = _python(code)
        assert ended.returncode == 1
        assert "DetenteError" in ended.stderr
        assert "none is half written" in ended.stderr
        assert bytes_of(folder) == before
        assert left_over(folder) == []

    def test_what_a_killed_writer_left_is_removed(self, folder):
        (folder / ".events.csv.abc.tmp").write_text("half a tab")
        append(folder, events=[EVENT])
        assert left_over(folder) == []

    @pytest.mark.skipif(os.name != "posix", reason="kill -9 is a matter of POSIX")
    def test_kill_9_at_any_moment(self, folder):
        """A writer is killed again and again; whenever one looks, the folder is whole and only grows."""
        code = f"""
            from detente.ledger.store import append
            print("ready", flush=True)
            while True:
                found = append({str(folder)!r}, sources=[{{"title": "Reply"}}], events=[{EVENT!r}])
                print(found.ids["events.csv"][0], flush=True)
        """
        chance = random.Random(7)
        held = 1
        for _ in range(6):
            writer = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
            )
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.05, 0.25))
            writer.send_signal(signal.SIGKILL)
            said = writer.communicate()[0].split()
            tables = read_tables(folder)
            load(folder)
            assert set(said) <= tables.events.keys()
            assert len(tables.events) >= held + len(said)
            assert len(tables.sources) >= len(tables.events)
            held = len(tables.events)
        assert held > 6
        append(folder, events=[EVENT])
        assert left_over(folder) == []

    def test_writers_at_once_lose_nothing(self, folder):
        with ProcessPoolExecutor(4) as pool:
            found = [*pool.map(_append_some, [str(folder)] * 4, range(4))]
        ids = [id_ for each in found for id_ in each]
        tables = read_tables(folder)
        assert len(ids) == len(set(ids)) == 4 * 8
        assert {f"writer {n}, {i}" for n in range(4) for i in range(8)} <= {
            e.title for e in tables.events.values()
        }
        assert len(tables.events) == 1 + len(ids)

    def test_a_lock_that_is_held_for_too_long(self, folder):
        from filelock import FileLock

        with (
            FileLock(folder / store.LOCK_FILE),
            pytest.raises(DetenteError, match="another process has been writing"),
        ):
            append(folder, events=[EVENT], lock_seconds=0.05)


def _append_some(folder, number):
    ids = []
    for i in range(8):
        ids += append(folder, events=[EVENT | {"title": f"writer {number}, {i}"}]).ids["events.csv"]
    return ids


def _python(code):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )
