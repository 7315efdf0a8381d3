"""Plain scalars by the core schema of YAML 1.2, and the characters that no text may contain."""

from __future__ import annotations

import re

MAX_NUMBER = 1e300
"""Largest number, either sign."""

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
# Control characters other than line ends, the line ends of other alphabets, halves of surrogate pairs.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class ScalarError(ValueError):
    """A plain scalar that must not be read as what YAML makes of it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}. {hint}")
        self.message = message
        self.hint = hint


def find_forbidden(text: str) -> re.Match[str] | None:
    """The first control character, or other character that no text of a crisis may contain."""
    return _FORBIDDEN.search(text)


def character_code(character: str) -> str:
    """``U+0000`` and so on, for messages."""
    return f"U+{ord(character):04X}"


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar stands for.

    Raises
    ------
    ScalarError
        For digits with a leading zero, numbers that are not finite and numbers beyond `MAX_NUMBER`.

    Examples
    --------
    >>> [resolve_scalar(text) for text in ("NO", "2024-11-30", "true", "~", "12", "3e5", "×3")]
    ['NO', '2024-11-30', True, None, 12, 300000.0, '×3']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _LEADING_ZERO.fullmatch(text):
        shown = _shortened(text)
        number = shown.lstrip("+-").lstrip("0") or "0"
        hint = f'A code is text: write "{shown}" in quotes. A number has no leading zero.'
        raise ScalarError(f"{shown} would be read as the number {number}", hint)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"{text} is not a finite number", "Leave the key out where there is no bound.")
    if _INTEGER.fullmatch(text):
        return int(_within_range(text))
    if _FLOAT.fullmatch(text):
        return float(_within_range(text))
    if _OTHER_BASE.fullmatch(text):
        return _other_base(text)
    return text


def _within_range(text: str) -> str:
    if not abs(float(text)) <= MAX_NUMBER:
        hint = f"Numbers lie between -{MAX_NUMBER:g} and {MAX_NUMBER:g}."
        raise ScalarError(f"the number {_shortened(text)} is too large", hint)
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


def _other_base(text: str) -> int:
    if len(text) > 250:
        raise ScalarError(f"the number {_shortened(text)} is too large", "Write it in decimal.")
    return int(text[2:], 8 if text[1] == "o" else 16)
