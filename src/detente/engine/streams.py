"""Random numbers as pure functions of what they are for: common random numbers by construction.

A draw is ``word(lane, key, a, b)``: `lane` mixes the seed with the number of the trajectory, `key` is the hash of
the *name* of what draws, and (a, b) says which of its draws it is. Nothing is consumed in order, so adding or
removing one action moves no other action's draws, and neither threads nor batches matter.

===================  ==========================  =========================================
what                 key of                      (a, b)
===================  ==========================  =========================================
residual of a clock  ``clock:NAME``              (epoch, n-th within it)
outcome              ``outcome:MOMENT.OUTCOME``  (occurrence, 0), or (absolute day, 1) if dated
chance of an effect  ``effect:HAPPENING.INDEX``  (occurrence, 0)
delay of a timer     ``timer:NAME``              (start number, 0); (0, 1) for the one pending at the as-of date
noise of a stock     ``noise:NAME``              (tick, 0)
parameter            ``parameter:NAME``          (0, 0), with the draw's lane instead
===================  ==========================  =========================================

Salmon, J. K. et al. (2011). Parallel random numbers: as easy as 1, 2, 3. SC11. The mixer here is SplitMix64's,
applied twice with the counters added in between.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detente.engine.arithmetic import M1, M2, log, mix, mix_plain

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_STEP_A = 0xD1342543DE82EF95
_STEP_B = 0xAF251AF3B0F025B5
DRAW_SALT = 0x5851F42D4C957F2D
"""Added to the seed for parameter draws, so that they share no stream with trajectories."""


def name_key(name: str) -> int:
    """64-bit key of a name such as ``clock:strike``."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def lane_plain(seed: int, number: int) -> int:
    """Key of trajectory (or draw) `number` under `seed`."""
    return mix_plain((mix_plain((seed + _GOLDEN) & _MASK) + number * _GOLDEN) & _MASK)


def lanes(seed: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """`lane_plain` for an array of numbers."""
    with np.errstate(over="ignore"):
        z = np.uint64(mix_plain((seed + _GOLDEN) & _MASK)) + numbers.astype(np.uint64) * np.uint64(_GOLDEN)
        return mix_array(z)


def mix_array(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix_plain` for an array of words."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(M1)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(M2)
        return z ^ (z >> np.uint64(31))


def word_array(lanes: NDArray[np.uint64], key: int, a: int, b: int) -> NDArray[np.uint64]:
    """`word_plain` for an array of lanes."""
    with np.errstate(over="ignore"):
        return mix_array(mix_array(lanes + np.uint64(key)) + np.uint64((a * _STEP_A + b * _STEP_B) & _MASK))


def uniform_array(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """`uniform_plain` for an array of words."""
    numbers: NDArray[np.float64] = ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return numbers


def word_plain(lane: int, key: int, a: int, b: int) -> int:
    """64 random bits."""
    return mix_plain((mix_plain((lane + key) & _MASK) + a * _STEP_A + b * _STEP_B) & _MASK)


def uniform_plain(word: int) -> float:
    """A number in (0, 1), exactly: a whole multiple of 2⁻⁵² plus one half of it."""
    return ((word >> 12) + 0.5) * 2.0**-52


def exponential_plain(word: int) -> float:
    """Unit exponential by inverse CDF."""
    return -log(uniform_plain(word))


def noise_plain(word: int) -> float:
    """Nearly normal number of mean 0 and variance 1: the standardised count of 64 fair bits."""
    return (word.bit_count() - 32) * 0.25


@njit
def lane_key(seed: Any, number: Any) -> Any:
    """`lane_plain` on uint64."""
    return mix(mix(seed + np.uint64(_GOLDEN)) + number * np.uint64(_GOLDEN))


@njit
def word(lane: Any, key: Any, a: Any, b: Any) -> Any:
    """`word_plain` on uint64."""
    return mix(mix(lane + key) + a * np.uint64(_STEP_A) + b * np.uint64(_STEP_B))


@njit
def uniform(bits: Any) -> Any:
    """`uniform_plain` on uint64."""
    return (np.float64(np.int64(bits >> np.uint64(12))) + 0.5) * 2.0**-52


@njit
def exponential(bits: Any) -> Any:
    """`exponential_plain` on uint64."""
    return -log(uniform(bits))


@njit
def noise(bits: Any) -> Any:
    """`noise_plain` on uint64."""
    v = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    v = (v & np.uint64(0x3333333333333333)) + ((v >> np.uint64(2)) & np.uint64(0x3333333333333333))
    v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    ones = (v * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return (np.float64(np.int64(ones)) - 32.0) * 0.25
