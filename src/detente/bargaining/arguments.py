"""The door of the package: loose input becomes checked arrays, or a `TableError` that says what to do.

Behind this door nothing is checked again. The shape contract is the same for every rule: actors lie on the
last axis, any leading axes are draws, and the three arrays of an actor broadcast against one another.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.errors import TableError

FloatArray = NDArray[np.float64]


class Factions(NamedTuple):
    """Checked arrays of one group, all of shape (..., n): the actors are the last axis."""

    position: FloatArray
    influence: FloatArray
    salience: FloatArray

    @property
    def weight(self) -> FloatArray:
        """Influence times salience, the say of each actor on this issue; shape (..., n)."""
        return self.influence * self.salience


class Scale(NamedTuple):
    """The declared range of an issue, both ends included."""

    lower: float
    upper: float

    @property
    def span(self) -> float:
        """Length of the range, in the unit of the positions."""
        return self.upper - self.lower


def check_factions(position: ArrayLike, influence: ArrayLike, salience: ArrayLike) -> Factions:
    """Cast, check and broadcast the three arrays of a group of actors."""
    x = finite("position", position)
    c = finite("influence", influence)
    s = check_salience(salience)
    if x.ndim == 0:
        raise TableError(
            "position: a single number is not a group. Give an array whose last axis is the actors."
        )
    if np.any(c < 0):
        raise TableError(
            f"influence: {_first(c, c < 0)} is below zero. An influence is zero or more; write 0 for an "
            "actor without a say."
        )
    factions = Factions(*_broadcast(position=x, influence=c, salience=s))
    if not np.all(factions.weight.sum(axis=-1) > 0):
        raise TableError(
            "influence × salience: nobody has any weight, so the group has no outcome. "
            "At least one actor needs an influence and a salience above zero."
        )
    return factions


def check_one_group(position: ArrayLike, influence: ArrayLike, salience: ArrayLike) -> Factions:
    """As `check_factions`, for the rules that take one group at a time."""
    factions = check_factions(position, influence, salience)
    if factions.position.ndim != 1:
        raise TableError(
            f"position: this rule takes one group, an array of shape (n,), but the shape is "
            f"{factions.position.shape}. Loop over the draws, or use the compromise or the election."
        )
    return factions


def check_salience(salience: ArrayLike) -> FloatArray:
    """Cast a salience and refuse what lies outside [0, 1], with a word on the 0-100 habit."""
    s = finite("salience", salience)
    outside = (s < 0) | (s > 1)
    if np.any(outside):
        message = f"salience: {_first(s, outside)} lies outside [0, 1]."
        if np.all(s >= 0) and np.max(s) <= 100:
            message += " Some published tables count salience from 0 to 100: divide by 100."
        raise TableError(message)
    return s


def check_scale(lower: float, upper: float, positions: FloatArray | None = None) -> Scale:
    """The declared range of an issue; with `positions`, also that they lie inside it."""
    if not (np.isfinite(lower) and np.isfinite(upper) and lower < upper):
        raise TableError(
            f"scale: the lower end {lower:g} must lie below the upper end {upper:g}, both finite."
        )
    if positions is not None:
        outside = (positions < lower) | (positions > upper)
        if np.any(outside):
            raise TableError(
                f"position: {_first(positions, outside)} lies outside the declared scale "
                f"[{lower:g}, {upper:g}]. Correct it, or declare the scale with `lower=` and `upper=`."
            )
    return Scale(float(lower), float(upper))


def check_options(options: ArrayLike) -> FloatArray:
    """Options of an election: at least two, finite, strictly increasing."""
    grid = finite("options", options)
    if grid.ndim != 1 or grid.size < 2 or not np.all(np.diff(grid) > 0):
        raise TableError(
            "options: they must be at least two positions in strictly rising order, shape (m,). "
            "Sort them and drop doubles, for example with numpy.unique."
        )
    return grid


def check_choice(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a word that is not among the allowed ones, with the nearest of them."""
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise TableError(f"{name}: there is no '{value}'.{hint} Allowed: {', '.join(allowed)}.")


def check_positive(name: str, value: float, *, or_zero: bool = False) -> float:
    """A finite number above zero, or zero and above."""
    if not np.isfinite(value) or value < 0 or (value == 0 and not or_zero):
        raise TableError(
            f"{name}: {value:g} must be {'zero or more' if or_zero else 'above zero'} and finite."
        )
    return float(value)


def check_count(name: str, value: int, *, at_least: int = 0) -> int:
    """A whole number that is large enough."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise TableError(f"{name}: {value!r} must be a whole number, {at_least} or more.")
    return int(value)


def finite(name: str, values: ArrayLike) -> FloatArray:
    """Cast to float64 and refuse NaN, infinity, text and empty arrays."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TableError(f"{name}: these values are not an array of numbers ({error}).") from None
    if array.size == 0:
        raise TableError(f"{name}: the array is empty; at least one actor is needed.")
    if not np.all(np.isfinite(array)):
        raise TableError(
            f"{name}: {_first(array, ~np.isfinite(array))} is not a finite number. Drop absent actors."
        )
    return array


def _broadcast(**arrays: FloatArray) -> list[FloatArray]:
    """Broadcast named arrays together; a failure names all their shapes."""
    try:
        return [np.asarray(array) for array in np.broadcast_arrays(*arrays.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise TableError(
            f"shapes do not fit together: {shapes}. Actors lie on the last axis of each."
        ) from None


def _first(array: FloatArray, where: NDArray[np.bool_]) -> str:
    """The first offending value and its place, for a message."""
    if array.ndim == 0:
        return f"{float(array):g}"
    place = tuple(int(i) for i in np.argwhere(where)[0])
    return f"{float(array[place]):g} at index {place[0] if len(place) == 1 else place}"
