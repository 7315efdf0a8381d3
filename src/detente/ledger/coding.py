"""Codes of events: CAMEO, PLOVER, Goldstein values and the four quad classes in both conventions.

The tables lie beside this module in ``tables/``. A CAMEO code is *text*: its leading zero is part of it, and
036 (express intent to negotiate) is not 36. The quad classes are 1 verbal cooperation, 2 material
cooperation, 3 verbal conflict, 4 material conflict; which roots fall where differs:

============  =======  =======  =======  =======
convention    1        2        3        4
============  =======  =======  =======  =======
``gdelt``     01–05    06–09    10–14    15–20
``icews``     01–05    06–08    09–13    14–20
============  =======  =======  =======  =======
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Literal

import polars as pl

from detente.errors import TableError

Convention = Literal["gdelt", "icews"]


@dataclass(frozen=True)
class CameoCode:
    """One CAMEO code and what the tables say of it; None where a table says nothing.

    `goldstein` is the value in GDELT's table and `goldstein_icews` that in ICEWS', which differs for 016,
    022, 164 and 165; both lie in [-10, 10]. `mode` and `context` are PLOVER's.
    """

    code: str
    goldstein: float | None
    goldstein_icews: float | None
    quadclass: int
    quadclass_icews: int
    plover: str | None
    mode: str | None
    context: str | None

    @property
    def root(self) -> str:
        """The first two digits, 01 to 20."""
        return self.code[:2]


def cameo_code(code: str) -> CameoCode:
    """What the tables say of a CAMEO code.

    Parameters
    ----------
    code : str
        Two to four digits, leading zero included.

    Raises
    ------
    TableError
        If there is no such code; the message says so if a leading zero was lost.

    Examples
    --------
    >>> cameo_code("036").plover, cameo_code("190").goldstein, cameo_code("195").root
    ('AGREE', -10.0, '19')
    """
    if not isinstance(code, str):
        raise TableError(f"CAMEO code {code!r} is not text. Codes are text, because a leading zero counts.")
    found = cameo_codes().get(code)
    if found is None:
        raise TableError(_unknown(code))
    return found


def quadclass(code: str, convention: Convention = "icews") -> int:
    """Quad class of a CAMEO code, 1 to 4, in one of the two conventions.

    Parameters
    ----------
    code : str
        A CAMEO code.
    convention : {'icews', 'gdelt'}, default 'icews'
        See the head of this module.

    Raises
    ------
    TableError
        If there is no such code or convention.

    Examples
    --------
    >>> quadclass("09"), quadclass("09", "gdelt"), quadclass("145"), quadclass("145", "gdelt")
    (3, 2, 4, 3)
    """
    found = cameo_code(code)
    return found.quadclass_icews if _is_icews(convention) else found.quadclass


def goldstein(code: str, convention: Convention = "icews") -> float | None:
    """Goldstein-type value of a CAMEO code in [-10, 10], positive for cooperation; None if not in the table.

    Examples
    --------
    >>> goldstein("016"), goldstein("016", "gdelt")
    (-5.0, -2.0)
    """
    found = cameo_code(code)
    return found.goldstein_icews if _is_icews(convention) else found.goldstein


def cameo_of_plover(plover: str, mode: str | None = None) -> tuple[str, ...]:
    """CAMEO codes that the crosswalk assigns to a PLOVER type, and to a mode of it if one is given.

    Raises
    ------
    TableError
        If there is no such type.

    Examples
    --------
    >>> cameo_of_plover("COERCE", "deport"), len(cameo_of_plover("CONCEDE"))
    (('174',), 11)
    """
    plover_score(plover)
    return tuple(
        code
        for code, entry in cameo_codes().items()
        if entry.plover == plover and (mode is None or entry.mode == mode)
    )


def plover_score(plover: str, mode: str | None = None) -> float:
    """Cooperation score of a PLOVER type in [-10, 10]; that of its mode where the table has the mode.

    Raises
    ------
    TableError
        If there is no such type.

    Examples
    --------
    >>> plover_score("RETREAT"), plover_score("RETREAT", "disarm"), plover_score("ASSAULT", "massacre")
    (6.5, 10.0, -9.0)
    """
    table = plover_table()
    if (plover, "") not in table:
        types = [name for name, kind in table if not kind]
        near = get_close_matches(plover.upper(), types, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise TableError(f"PLOVER has no type '{plover}'.{hint} Types: {', '.join(types)}.")
    return table.get((plover, mode or ""), table[(plover, "")])


def restored_zero(code: str) -> str | None:
    """The code that `code` was before it lost its leading zero, or None if that is not how it became wrong.

    Codes from 10 to 20 are the names of roots as well as 010 to 020 without their zero; they are left alone.

    Examples
    --------
    >>> restored_zero("36"), restored_zero("871"), restored_zero("20"), restored_zero("13y")
    ('036', '0871', None, None)
    """
    codes = cameo_codes()
    return f"0{code}" if code not in codes and f"0{code}" in codes else None


@cache
def cameo_codes() -> Mapping[str, CameoCode]:
    """All CAMEO codes of the table, in order."""
    return {
        row["code"]: CameoCode(
            row["code"],
            _number(row["goldstein"]),
            _number(row["goldstein_icews"]),
            int(row["quadclass"]),
            int(row["quadclass_icews"]),
            row["plover"] or None,
            row["mode"] or None,
            row["context"] or None,
        )
        for row in read_table("cameo")
    }


@cache
def plover_table() -> Mapping[tuple[str, str], float]:
    """Scores by PLOVER type and mode; the mode '' is the type itself."""
    return {(row["plover"], row["mode"]): float(row["score"]) for row in read_table("plover")}


@cache
def cameo_frame() -> pl.DataFrame:
    """The table of CAMEO codes as a frame, one row per code, for joins."""
    return pl.DataFrame(
        [astuple(entry) for entry in cameo_codes().values()],
        schema={
            "cameo": pl.String,
            "goldstein": pl.Float64,
            "goldstein_icews": pl.Float64,
            "quadclass": pl.Int8,
            "quadclass_icews": pl.Int8,
            "plover": pl.String,
            "mode": pl.String,
            "context": pl.String,
        },
        orient="row",
    )


@cache
def plover_frame() -> pl.DataFrame:
    """Quad class and score by PLOVER type and mode (null: the type itself), for joins."""
    rows = [(r["plover"], r["mode"], float(r["score"]), int(r["quadclass"])) for r in read_table("plover")]
    schema = {"plover": pl.String, "mode": pl.String, "score": pl.Float64, "quadclass": pl.Int8}
    return pl.DataFrame(rows, schema=schema, orient="row")


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a table that ships with the package; lines that begin with # are comments."""
    file = resources.files("detente.ledger") / "tables" / f"{name}.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _is_icews(convention: str) -> bool:
    if convention not in ("gdelt", "icews"):
        raise TableError(f"convention: there is no '{convention}'. Allowed: gdelt, icews.")
    return convention == "icews"


def _unknown(code: str) -> str:
    restored = restored_zero(code)
    if restored is not None:
        return (
            f"CAMEO has no code '{code}', but '{restored}': the leading zero was lost. Codes are text; "
            "read the column as text, and quote it in YAML."
        )
    near = get_close_matches(code, cameo_codes(), n=1)
    hint = f" Did you mean '{near[0]}'?" if near else " Codes have two to four digits, from 01 to 2042."
    return f"CAMEO has no code '{code}'.{hint}"
