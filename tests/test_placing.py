"""Files and folders appear whole, or not at all; what others have written stays."""

import os

import pytest

from detente import placing
from detente.errors import ForecastError
from detente.placing import MANIFEST, put_file, put_folder, write_json


def fill_with(**files):
    def fill(folder):
        for name, text in files.items():
            (folder / f"{name}.txt").write_text(text)
        write_json({"made_by": "test", "files": {f"{name}.txt": "" for name in files}}, folder / MANIFEST)

    return fill


def left_behind(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_file_is_replaced_whole(tmp_path):
    target = tmp_path / "b.txt"
    put_file(target, b"one")
    put_file(target, b"two")
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o600 == 0o600
    assert left_behind(target.parent) == []


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "b.txt"
    put_file(target, b"one")

    def full(self, other):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(target), "replace", full)
    with pytest.raises(OSError, match="No space"):
        put_file(target, b"two")
    assert target.read_bytes() == b"one"
    assert left_behind(tmp_path) == []


def test_a_folder_is_replaced_by_its_maker(tmp_path):
    target = tmp_path / "out"
    put_folder(target, fill_with(a="1", b="2"), "test")
    put_folder(target, fill_with(a="3"), "test")
    assert sorted(path.name for path in target.iterdir()) == ["a.txt", MANIFEST]
    assert (target / "a.txt").read_text() == "3"
    assert left_behind(tmp_path) == []


def test_what_others_wrote_stays(tmp_path):
    target = tmp_path / "out"
    put_folder(target, fill_with(a="1"), "test")
    with pytest.raises(ForecastError, match=r"`other` has not written, such as 'a\.txt'"):
        put_folder(target, fill_with(a="2"), "other")
    (target / "mine.txt").write_text("mine")
    with pytest.raises(ForecastError, match=r"such as 'mine\.txt'"):
        put_folder(target, fill_with(a="2"), "test")
    assert (target / "a.txt").read_text() == "1"


def test_a_failure_on_the_way_leaves_the_old_folder(tmp_path):
    target = tmp_path / "out"
    put_folder(target, fill_with(a="1"), "test")

    def breaks(folder):
        (folder / "a.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_folder(target, breaks, "test")
    assert (target / "a.txt").read_text() == "1"
    assert left_behind(tmp_path) == []


def test_a_move_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "out"
    put_folder(target, fill_with(a="1"), "test")
    moves = []

    def once(source, place):
        moves.append(source)
        if len(moves) == 2:
            raise OSError(18, "Invalid cross-device link")
        os.rename(source, place)

    monkeypatch.setattr(placing.os, "replace", once)
    with pytest.raises(OSError, match="cross-device"):
        put_folder(target, fill_with(a="2"), "test")
    assert (target / "a.txt").read_text() == "1"
