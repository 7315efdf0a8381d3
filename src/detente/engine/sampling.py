"""Draws of what is not known: one value of every parameter per draw, and what follows from them alone.

A draw of a parameter is the quantile of its distribution at a uniform number that depends on the seed, the number
of the draw and the parameter's name, and on nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.engine.streams import DRAW_SALT, lanes, name_key, uniform_array, word_array
from detente.errors import ModelError
from detente.expressions import Binary, Call, Expression, Name, Number, Unary
from detente.model import NINETY_PERCENT, Distribution, Parameter

Floats = NDArray[np.float64]

_MASK = (1 << 64) - 1


def uniforms(seed: int, name: str, n_draws: int) -> Floats:
    """Numbers in (0, 1) for the draws 0 … n − 1 of a parameter, shape (n,)."""
    return _uniforms(_draw_keys(seed, n_draws), name)


def _draw_keys(seed: int, n_draws: int) -> NDArray[np.uint64]:
    return lanes((seed + DRAW_SALT) & _MASK, np.arange(n_draws))


def _uniforms(keys: NDArray[np.uint64], name: str) -> Floats:
    return uniform_array(word_array(keys, name_key(f"parameter:{name}"), 0, 0))


def quantile(distribution: Distribution, u: Floats) -> Floats:
    """Quantile of a distribution at u in (0, 1); of `counted` and `mean_rate` before division by the exposure.

    Examples
    --------
    >>> import numpy as np
    >>> from detente.model import Distribution
    >>> quantile(Distribution("lognormal", (3.0, 2.0)), np.array([0.05, 0.5, 0.95])).round(3).tolist()
    [1.5, 3.0, 6.0]
    """
    values = _QUANTILES[distribution.kind](u, *distribution.numbers)
    if np.isinf(distribution.lower) and np.isinf(distribution.upper):
        return values
    return np.clip(values, distribution.lower, distribution.upper)


def _lognormal(u: Floats, median: float, factor: float) -> Floats:
    values: Floats = median * np.exp(np.log(factor) / NINETY_PERCENT * special.ndtri(u))
    return values


def _normal(u: Floats, mean: float, sd: float) -> Floats:
    values: Floats = mean + sd * special.ndtri(u)
    return values


def _logitnormal(u: Floats, low: float, high: float) -> Floats:
    a, b = special.logit(low), special.logit(high)
    values: Floats = special.expit((a + b) / 2.0 + (b - a) / (2.0 * NINETY_PERCENT) * special.ndtri(u))
    return values


def _triangular(u: Floats, low: float, mode: float, high: float) -> Floats:
    split = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    return np.where(u < split, left, high - np.sqrt((1.0 - u) * (high - low) * (high - mode)))


def _gamma(u: Floats, shape: float, mean: float) -> Floats:
    values: Floats = special.gammaincinv(shape, u) * (mean / shape)
    return values


_QUANTILES: Mapping[str, Callable[..., Floats]] = {
    "fixed": lambda u, value: np.broadcast_to(np.float64(value), u.shape),
    "lognormal": _lognormal,
    "normal": _normal,
    "logitnormal": _logitnormal,
    "uniform": lambda u, low, high: low + (high - low) * u,
    "triangular": _triangular,
    "beta": lambda u, a, b: special.betaincinv(a, b, u),
    "gamma": _gamma,
    "bernoulli": lambda u, p: (u > 1.0 - p).astype(np.float64),
    "counted": lambda u, count: special.gammaincinv(count + 0.5, u),
    "mean_rate": _lognormal,
}


def draw_parameters(
    parameters: Iterable[Parameter], seed: int, n_draws: int, levels: Mapping[str, Floats] | None = None
) -> dict[str, Floats]:
    """Values of every parameter, each of shape (n_draws,).

    `levels`, in (0, 1) and of shape (n_draws,), take the place of the uniform numbers of the parameters they name.
    `counted` and `mean_rate` parameters come undivided: `divide_by_exposure` finishes them.
    """
    given, keys, unused = levels or {}, _draw_keys(seed, n_draws), np.empty(n_draws)

    def level(parameter: Parameter) -> Floats:
        if parameter.distribution.kind == "fixed":
            return unused
        return given[parameter.name] if parameter.name in given else _uniforms(keys, parameter.name)

    return {p.name: quantile(p.distribution, level(p)) for p in parameters}


def drawn_or_fitted(
    parameters: Iterable[Parameter],
    seed: int,
    n_draws: int,
    posterior: Mapping[str, Floats],
    levels: Mapping[str, Floats] | None = None,
) -> tuple[dict[str, Floats], tuple[Parameter, ...]]:
    """Values of every parameter, each of shape (n_draws,), and the parameters that the posterior does not name.

    Draw d takes row d mod n of a posterior of n draws; those values are final. The rest is as `draw_parameters`.

    Raises
    ------
    ModelError
        If the posterior names an unknown parameter, or holds no number or several lengths of draws.
    """
    declared = tuple(parameters)
    _refuse_other(declared, posterior)
    rest = tuple(p for p in declared if p.name not in posterior)
    values = draw_parameters(rest, seed, n_draws, levels)
    for name, fitted in posterior.items():
        values[name] = np.resize(np.asarray(fitted, np.float64), n_draws)
    return {p.name: values[p.name] for p in declared}, rest


def _refuse_other(declared: Iterable[Parameter], posterior: Mapping[str, Floats]) -> None:
    """Stop where a posterior does not go with the parameters."""
    known = {p.name for p in declared}
    unknown = sorted(set(posterior) - known)
    if unknown:
        raise ModelError(
            f"the posterior holds '{unknown[0]}', which is no parameter of this crisis. Fit the crisis anew."
        )
    shapes = {np.shape(values) for values in posterior.values()}
    if len(shapes) > 1 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
        raise ModelError(
            "the posterior must hold one array of the same length, above 0, per parameter: its joint draws; the"
            f" shapes are {', '.join(map(str, sorted(shapes)))}"
        )
    broken = [name for name, values in posterior.items() if not np.isfinite(values).all()]
    if broken:
        raise ModelError(f"the posterior of '{broken[0]}' holds a value that is no finite number.")


def digest_of_draws(arrays: Mapping[str, Floats]) -> str:
    """SHA-256 of joint draws of parameters, hexadecimal: of names, shapes and values, in order of the names.

    Examples
    --------
    >>> digest_of_draws({"a": np.zeros(2)}) == digest_of_draws({"a": np.zeros(3)})
    False
    """
    found = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name], dtype="<f8")
        found.update(f"{name} {values.shape}\n".encode())
        found.update(values.tobytes())
    return found.hexdigest()


def with_unit_rates(parameters: Iterable[Parameter], values: Mapping[str, Floats]) -> dict[str, Floats]:
    """The values with every rate that waits for its exposure set to 1 per day."""
    waiting = {p.name for p in parameters if p.distribution.kind in ("counted", "mean_rate")}
    return {name: np.ones_like(value) if name in waiting else value for name, value in values.items()}


def divide_by_exposure(
    parameters: Iterable[Parameter], values: Mapping[str, Floats], exposures: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Finish `counted` and `mean_rate`: the base rate at which the window would be expected to hold the count.

    Raises
    ------
    ModelError
        If a clock was never exposed in its window.
    """
    finished = dict(values)
    for parameter in parameters:
        distribution = parameter.distribution
        if distribution.kind not in ("counted", "mean_rate"):
            continue
        exposure = exposures[parameter.name]
        if not np.all(exposure > 0.0):
            raise ModelError(
                f"{parameter.name}: '{distribution.clock}' was never possible in the window over which its events are"
                " counted, so no rate follows from the count. Check its guard, or widen `from` and `to`."
            )
        expected = finished[parameter.name]
        if distribution.kind == "mean_rate":
            expected = expected * (distribution.end - distribution.start)
        finished[parameter.name] = expected / exposure
    return finished


def evaluate(expression: Expression, values: Mapping[str, Floats], n_draws: int) -> Floats:
    """Value of an expression of parameters and numbers in every draw, shape (n_draws,).

    Raises
    ------
    ModelError
        If the expression reads anything but parameters.
    """
    match expression:
        case Number(value):
            return np.broadcast_to(np.float64(value), (n_draws,))
        case Name(name) if name in values:
            return values[name]
        case Unary(operator, operand):
            inner = evaluate(operand, values, n_draws)
            return -inner if operator == "-" else 1.0 - inner
        case Binary(operator, left, right):
            return _binary(operator, evaluate(left, values, n_draws), evaluate(right, values, n_draws))
        case Call("exp" | "log" | "sqrt" | "abs" as function, argument):
            return _UNARY[function](evaluate(argument, values, n_draws))
    raise ModelError(f"'{expression}' depends on the state, where only parameters may stand")


_UNARY: Mapping[str, Callable[[Floats], Floats]] = {
    "exp": lambda a: np.exp(np.minimum(a, 700.0)),
    "log": lambda a: np.log(np.maximum(a, 1e-300)),
    "sqrt": lambda a: np.sqrt(np.maximum(a, 0.0)),
    "abs": np.abs,
}

_BINARY: Mapping[str, Callable[[Floats, Floats], NDArray[np.generic]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "and": np.multiply,
    "or": np.maximum,
    "min": np.minimum,
    "max": np.maximum,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def _binary(operator: str, a: Floats, b: Floats) -> Floats:
    """The operators of `detente.engine.folding.binary_value`, for arrays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if operator == "/":
            return np.divide(a, b)
        if operator == "^":
            other = np.where(a > 0.0, np.exp(b * np.log(np.maximum(a, 1e-300))), np.where(b == 0.0, 1.0, 0.0))
            return np.where(b == 2.0, a * a, other)
        return _BINARY[operator](a, b).astype(np.float64)
