"""Pictures: they say what they should, are the same every time, and are written whole or not at all."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from detente.catalog import load
from detente.errors import TableError
from detente.ledger.chronicle import chronicle
from detente.plots import PALETTE, PictureError, new_figure, picture_format, save, tidy
from detente.plots.dyads import MOST_ACTORS, dyads_in_time, map_of_dyads
from detente.plots.saving import drawn
from detente.plots.style import QUAD_COLOURS, dated, place_of
from detente.plots.timeline import MOST_LANES, OTHERS, timeline

COUNTED = pl.DataFrame(
    {
        "actor": ["A", "A", "B", "B"],
        "recipient": ["B", "B", "A", "C"],
        "period": [dt.date(2020, 1, 1), dt.date(2020, 2, 1), dt.date(2020, 1, 1), dt.date(2020, 2, 1)],
        "events": [7, 3, 4, 1],
        "verbal_cooperation": [3, 1, 2, 1],
        "material_cooperation": [2, 0, 0, 0],
        "verbal_conflict": [1, 1, 2, 0],
        "material_conflict": [1, 1, 0, 0],
    }
)


def texts(figure) -> list[str]:
    """All words of a figure, in its SVG."""
    root = ElementTree.fromstring(drawn(figure, "svg"))
    return [(node.text or "").strip() for node in root.iter("{http://www.w3.org/2000/svg}text")]


class TestSaving:
    @pytest.mark.parametrize(("suffix", "head"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
    def test_writes_each_form(self, tmp_path, suffix, head):
        path = save(new_figure(), tmp_path / f"picture.{suffix}")
        assert path.read_bytes().startswith(head)
        assert [each.name for each in tmp_path.iterdir()] == [path.name]

    @pytest.mark.parametrize("form", ["svg", "png", "pdf"])
    def test_the_same_figure_gives_the_same_bytes(self, form):
        one, two = (drawn(map_of_dyads(COUNTED, caption="Same"), form) for _ in range(2))
        assert one == two
        assert str(dt.date.today().year).encode() + b"-" not in one

    def test_new_files_have_the_rights_of_any_other(self, tmp_path):
        (tmp_path / "plain").write_text("x")
        path = save(new_figure(), tmp_path / "picture.svg")
        assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode

    @pytest.mark.parametrize(
        ("name", "words"),
        [("a.jpg", "svg, png, pdf, by their suffix, not as 'jpg'. Write a.svg"), ("a", "this name has none")],
    )
    def test_other_forms_are_refused(self, name, words):
        with pytest.raises(PictureError, match=words):
            picture_format(name)

    def test_a_file_that_cannot_be_written_leaves_what_was_there(self, tmp_path, monkeypatch):
        path = tmp_path / "picture.svg"
        path.write_text("before")
        monkeypatch.setattr(
            Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(PictureError, match="No space left on device"):
            save(new_figure(), path)
        assert path.read_text() == "before"
        assert [each.name for each in tmp_path.iterdir()] == ["picture.svg"]

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(PictureError, match=r"cannot write .*No such file"):
            save(new_figure(), tmp_path / "none" / "picture.svg")


class TestStyle:
    def test_a_pixel_is_a_pixel(self):
        assert drawn(new_figure(640, 320), "png")[16:24] == (640).to_bytes(4) + (320).to_bytes(4)

    def test_no_state_is_shared(self):
        import sys

        tidy(new_figure().add_subplot())
        assert "matplotlib.pyplot" not in sys.modules

    def test_colours_differ(self):
        assert len(set(PALETTE)) == len(PALETTE) == 8
        assert set(QUAD_COLOURS) == {1, 2, 3, 4}

    def test_dates(self):
        axes = dated(tidy(new_figure().add_subplot(), grid="both"))
        axes.plot([place_of(dt.date(2024, 1, 1)), place_of(dt.datetime(2024, 1, 1, 12))], [0, 1])
        assert place_of(dt.datetime(2024, 1, 1, 12)) - place_of(dt.date(2024, 1, 1)) == 0.5


class TestMap:
    def test_shows_every_count(self):
        found = texts(map_of_dyads(COUNTED, caption="Who", note="Counted."))
        assert {"Who", "Counted.", "A", "B", "C", "10", "4", "1", "actor", "recipient"} <= set(found)

    def test_says_what_it_leaves_out(self):
        many = pl.DataFrame(
            {"actor": [f"X{i}" for i in range(40)], "recipient": ["Y"] * 40, "events": range(1, 41)}
        )
        found = texts(map_of_dyads(many))
        assert f"{41 - MOST_ACTORS} actor(s) with fewer events are not shown." in found
        assert "X39" in found
        assert "X0" not in found

    @pytest.mark.parametrize("draw", [map_of_dyads, dyads_in_time])
    def test_nothing_to_draw(self, draw):
        with pytest.raises(TableError, match="there is no event to draw"):
            draw(COUNTED.clear())


class TestInTime:
    def test_has_a_panel_for_each_of_the_busiest(self):
        found = texts(dyads_in_time(COUNTED, most=2))
        assert {"A → B  (10)", "B → A  (4)", "verbal conflict", "material cooperation"} <= set(found)
        assert "B → C  (1)" not in found

    def test_bars_are_the_counts(self):
        axes = dyads_in_time(COUNTED, most=1).axes[0]
        up = sum(bar.get_height() for bar in axes.patches if bar.get_height() > 0)
        down = sum(bar.get_height() for bar in axes.patches if bar.get_height() < 0)
        assert (up, down) == (6, -4)


class TestTimeline:
    @pytest.mark.parametrize("name", ["iran_2024", "cuba_1962"])
    def test_of_the_catalog(self, name):
        crisis = load(name)
        found = texts(timeline(chronicle(crisis), as_of=crisis.as_of, caption=crisis.title))
        assert {crisis.title, "as-of date"} <= set(found)

    def test_few_lanes_and_the_rest(self):
        found = texts(timeline(chronicle(load("iran_2024"))))
        assert OTHERS in found
        assert {"IRN", "ISR"} <= set(found)
        assert MOST_LANES == 14

    def test_names_what_is_not_plain(self):
        crisis = load("cuba_1962")
        first, *rest = chronicle(crisis)
        entries = [replace(first, held=0.2, happening=""), replace(rest[0], superseded_by="K9"), *rest]
        found = " ".join(texts(timeline(entries)))
        for words in ("fires nothing in replay", "superseded", "held below one half"):
            assert words in found

    def test_nothing_to_draw(self):
        with pytest.raises(TableError, match="there is no event to draw"):
            timeline([])
