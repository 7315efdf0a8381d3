"""Codes and actors: whole tables, two conventions kept apart, and spellings that find their actor."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from detente.errors import TableError
from detente.ledger.actors import read_actors
from detente.ledger.coding import (
    cameo_code,
    cameo_codes,
    cameo_frame,
    cameo_of_plover,
    goldstein,
    plover_score,
    plover_table,
    quadclass,
    read_table,
    restored_zero,
)

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
SIXTEEN = [
    "IRN",
    "ISR",
    "USA",
    "HEZ",
    "HAM",
    "LBN",
    "SYR",
    "IAEA",
    "GBR",
    "FRA",
    "DEU",
    "EU",
    "RUS",
    "PSE",
    "IRQ",
    "UN",
]


# --- codes --------------------------------------------------------------------------------------------------


def test_table_holds_every_root_and_its_codes() -> None:
    codes = cameo_codes()
    assert len(codes) == 313
    assert {code[:2] for code in codes} == {f"{root:02d}" for root in range(1, 21)}
    assert all(code.isdigit() and 2 <= len(code) <= 4 for code in codes)
    assert all(code[:-1] in codes for code in codes if len(code) > 2), "every code stands under its base code"


@pytest.mark.parametrize(
    ("roots", "gdelt", "icews"),
    [
        (range(1, 6), 1, 1),
        (range(6, 9), 2, 2),
        (range(9, 10), 2, 3),
        (range(10, 14), 3, 3),
        (range(14, 15), 3, 4),
        (range(15, 21), 4, 4),
    ],
)
def test_quad_classes_of_both_conventions(roots: range, gdelt: int, icews: int) -> None:
    for code, entry in cameo_codes().items():
        if int(entry.root) in roots:
            assert (quadclass(code, "gdelt"), quadclass(code)) == (gdelt, icews)


def test_plover_types_fall_in_the_icews_quad_class() -> None:
    """PLOVER's own quad of a type is that of its CAMEO codes in the convention of ICEWS."""
    quad = {row["plover"]: int(row["quadclass"]) for row in read_table("plover") if not row["mode"]}
    for entry in cameo_codes().values():
        if entry.plover is not None and not entry.code.startswith("08"):
            assert quad[entry.plover] == entry.quadclass_icews, entry.code


def test_values_lie_in_their_range_and_differ_only_where_known() -> None:
    differing = set()
    for code, entry in cameo_codes().items():
        for value in (entry.goldstein, entry.goldstein_icews):
            assert value is None or -10 <= value <= 10
        if entry.goldstein != entry.goldstein_icews:
            differing.add(code)
    assert differing == {"016", "022", "164", "165"}
    assert goldstein("190") == goldstein("190", "gdelt") == -10
    assert goldstein("1214") is None
    assert all(-10 <= score <= 10 for score in plover_table().values())


def test_crosswalk_runs_both_ways() -> None:
    for plover, mode in plover_table():
        if not mode:
            assert all(cameo_code(code).plover == plover for code in cameo_of_plover(plover))
    coded = [code for code, entry in cameo_codes().items() if entry.plover is not None]
    back = {code for plover, mode in plover_table() if not mode for code in cameo_of_plover(plover)}
    assert back == set(coded)
    assert cameo_of_plover("PROTEST", "hunger") == ("142", "1421", "1422", "1423", "1424")
    assert cameo_code("010").plover is None, "statements and appeals have no PLOVER type"


def test_frame_equals_the_codes() -> None:
    frame = cameo_frame()
    assert frame.height == 313
    row = frame.row(by_predicate=pl.col("cameo") == "0841", named=True)
    assert (row["quadclass"], row["plover"]) == (2, "RETREAT")


def test_lost_zeros() -> None:
    assert restored_zero("46") == "046"
    assert restored_zero("0871") is None
    assert restored_zero("112") is None, "112 is a code of its own"
    lost = [code for code in cameo_codes() if code.startswith("0") and restored_zero(code[1:]) is None]
    assert sorted(code for code in lost if len(code) > 2) == [f"0{n}" for n in range(10, 21)]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("36", "but '036': the leading zero was lost"),
        ("871", "but '0871': the leading zero was lost"),
        ("13y", "CAMEO has no code '13y'. Did you mean '13"),
        ("99999", "from 01 to 2042"),
        (36, "CAMEO code 36 is not text"),
    ],
)
def test_unknown_codes_are_explained(code: str, words: str) -> None:
    with pytest.raises(TableError) as problem:
        cameo_code(code)
    assert words in str(problem.value)


def test_unknown_words_are_explained() -> None:
    with pytest.raises(TableError, match=r"no type 'ASAULT'\. Did you mean 'ASSAULT'"):
        plover_score("ASAULT")
    with pytest.raises(TableError, match="Allowed: gdelt, icews"):
        quadclass("010", "cameo")  # type: ignore[arg-type]


def test_acled_table_names_plover_types() -> None:
    rows = read_table("acled")
    assert len({row["sub_event_type"] for row in rows}) == len(rows) == 25
    for row in rows:
        if row["plover"]:
            assert (row["plover"], row["mode"]) in plover_table()


# --- actors -------------------------------------------------------------------------------------------------


def actor_of(expression: pl.Expr, **columns: str | None) -> str | None:
    frame = pl.DataFrame(
        {name: [value] for name, value in columns.items()}, schema_overrides=dict.fromkeys(columns, pl.String)
    )
    return frame.select(expression.alias("actor"))["actor"][0]


@pytest.mark.parametrize(
    ("name", "country", "sectors", "actor"),
    [
        ("Iran", None, None, "IRN"),
        ("Militant (Hamas)", "Palestinian Territory, Occupied", "Rebel", "HAM"),
        ("Hezbollah", "Lebanon", "Rebel", "HEZ"),
        ("Citizen (Palestinian Territory, Occupied)", None, None, "PSE"),
        ("Foreign Affairs (France)", "France", "Government", "FRA"),
        ("Quds Force", "Iran", "Government,Military", "IRN"),
        ("Jundallah", "Iran", "Dissident,Rebel", None),
        ("Iraqi Kurdistan (region)", None, None, None),
        ("Guinea", "Guinea", None, None),
        (None, "Iran", None, "IRN"),
        (None, None, None, None),
    ],
)
def test_actor_by_name(name: str | None, country: str | None, sectors: str | None, actor: str | None) -> None:
    rule = read_actors().by_name("n", country="c", sectors="s")
    assert actor_of(rule, n=name, c=country, s=sectors) == actor


@pytest.mark.parametrize(
    ("code", "group", "actor"),
    [
        ("IRN", None, "IRN"),
        ("IRNGOV", None, "IRN"),
        ("LBNREBHEZ", None, "HEZ"),
        ("LBNGOV", None, "LBN"),
        ("LBN", "HEZ", "HEZ"),
        ("IGOUNOIAE", None, "IAEA"),
        ("IGOUNO", None, "UN"),
        ("PSEREBHMS", None, "HAM"),
        ("PALREB", None, "PSE"),
        ("JPN", None, None),
        (None, None, None),
    ],
)
def test_actor_by_code_is_the_most_specific(code: str | None, group: str | None, actor: str | None) -> None:
    assert actor_of(read_actors().by_code("c", "g"), c=code, g=group) == actor


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Military Forces of Israel (2022-)", "ISR"),
        ("Military Forces of the United States", "USA"),
        ("Police Forces of Iran (1989-) Islamic Revolutionary Guard Corps", "IRN"),
        ("Civilians (Lebanon)", "LBN"),
        ("Protesters (Iraq)", "IRQ"),
        ("Hezbollah", "HEZ"),
        ("Hamas Movement", "HAM"),
        ("Unidentified Armed Group (Syria)", None),
    ],
)
def test_actor_by_acled_name(name: str, actor: str | None) -> None:
    assert actor_of(read_actors().by_acled("n"), n=name) == actor


@pytest.mark.parametrize(
    ("name", "number", "actor"),
    [
        ("Government of Israel", "666.0", "ISR"),
        ("Government of Israel", "666", "ISR"),
        ("Hezbollah", "660.0", "HEZ"),
        ("Hamas", None, "HAM"),
        ("Renamo", None, None),
    ],
)
def test_actor_by_government(name: str, number: str | None, actor: str | None) -> None:
    assert actor_of(read_actors().by_government("n", "g"), n=name, g=number) == actor


def test_unknown_actor_is_explained() -> None:
    with pytest.raises(TableError) as problem:
        read_actors(["IRN", "ISRL", "XYZ"])
    assert "there is no actor 'ISRL'. Did you mean 'ISR'?" in str(problem.value)
    assert "there is no actor 'XYZ'." in str(problem.value), "all of them at once"
    assert "Known actors: IRN, ISR" in str(problem.value)


def test_own_table_of_actors(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    head = "id,name,codes,groups,iso3,gw,country,names\n"
    table.write_text(f"# ours\n{head}JPN,Japan,JPN,,JPN,740,Japan,Aso Taro\n", encoding="utf-8")
    actors = read_actors(["JPN"], table)
    assert actor_of(actors.by_name("n"), n="Aso Taro") == "JPN"
    assert actor_of(actors.by_name("n"), n="Iran") is None
    table.write_text("id,name\nJPN,Japan\n", encoding="utf-8")
    with pytest.raises(TableError, match="no column codes, groups, iso3, gw, country, names"):
        read_actors(None, table)
    table.write_text(f"{head}JPN,,,,,,,\nJPN,,,,,,,\n", encoding="utf-8")
    with pytest.raises(TableError, match="'JPN' stands in it twice"):
        read_actors(None, table)
    with pytest.raises(TableError, match="nowhere"):
        read_actors(None, tmp_path / "nowhere.csv")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared folder with real event data is not here")
@pytest.mark.parametrize(("dataset", "rows"), [("icews18", 32_493), ("icews21", 21_300)])
def test_real_names_find_the_sixteen_actors(dataset: str, rows: int) -> None:
    """The rows between the 16 actors, resolved by another hand, are found again: all, and no others."""
    folder = SHARED / "data" / dataset
    actors = read_actors(SIXTEEN)
    names = pl.read_csv(folder / "entities.csv.gz", schema_overrides={"id": pl.Int32})
    names = names.with_columns(actors.by_name("name").alias("actor"))
    events = pl.read_parquet(folder / "events.parquet")
    found = events.join(names.select(s="id", src="actor", source_name="name"), on="s").join(
        names.select(o="id", tgt="actor", target_name="name"), on="o"
    )
    among = pl.all_horizontal(pl.col("src", "tgt").is_in(SIXTEEN))
    found = found.filter(among, pl.col("src") != pl.col("tgt"))
    wanted = pl.read_csv(SHARED / "data" / "dyad_events_16_actors.csv.gz", infer_schema_length=0)
    wanted = wanted.filter(pl.col("dataset") == dataset)
    assert found.height == wanted.height == rows
    keys = ["src", "tgt", "source_name", "target_name"]
    ours, theirs = (frame.group_by(keys).len().sort(keys) for frame in (found, wanted))
    assert ours.equals(theirs)
