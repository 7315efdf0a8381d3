"""What a command prints, where, and how it ends.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 faults or a run that cannot be, 2 a
command that was called wrongly, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from detente.errors import DetenteError, Fault

if TYPE_CHECKING:
    from rich.console import RenderableType

FAULTS = 1
INTERRUPTED = 130


class Interrupted(Exception):  # noqa: N818 – not an error: the user asked for it
    """A run that ended early; the text says what was done."""


@contextmanager
def reported(as_json: bool = False) -> Iterator[None]:
    """Turn errors into their texts and exit codes; no traceback for what Détente raises on purpose."""
    try:
        yield
    except DetenteError as problem:
        if as_json:
            put_text(json.dumps({"ok": False, "errors": errors_as_dicts(problem)}, ensure_ascii=False))
        else:
            complain(f"{type(problem).__name__}: {problem}")
        raise typer.Exit(FAULTS) from None
    except BrokenPipeError:
        raise
    except OSError as problem:
        _fail(f"{problem.strerror or problem}: {problem.filename or ''}".rstrip(": "), as_json)
    except MemoryError:
        _fail("there is not enough memory for this run. Ask for fewer --trajectories.", as_json)
    except (KeyboardInterrupt, Interrupted) as problem:
        complain(f"Interrupted. {problem}".rstrip() if str(problem) else "Interrupted; nothing was finished.")
        raise typer.Exit(INTERRUPTED) from None


def _fail(message: str, as_json: bool) -> None:
    if as_json:
        fault = Fault("", 0, "", message).as_dict()
        put_text(json.dumps({"ok": False, "errors": [fault]}, ensure_ascii=False))
    else:
        complain(message)
    raise typer.Exit(FAULTS) from None


def errors_as_dicts(problem: DetenteError) -> list[dict[str, str | int]]:
    """The faults of an error as plain data; an error without faults is one without a place.

    Examples
    --------
    >>> errors_as_dicts(DetenteError("too hot"))
    [{'file': '', 'line': 0, 'path': '', 'message': 'too hot', 'hint': ''}]
    """
    faults = getattr(problem, "faults", None) or (Fault("", 0, "", str(problem)),)
    return [fault.as_dict() for fault in faults]


def put(result: RenderableType) -> None:
    """Print a result: with colour on a terminal, else as plain text of 80 columns."""
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(result)
    else:
        from detente.layout import plain_text

        put_text(plain_text(result))


def put_text(text: str) -> None:
    """Print text as it is."""
    print(text)


def say(text: str) -> None:
    """A remark on the way, on stderr."""
    print(text, file=sys.stderr)


def complain(text: str) -> None:
    """An error, on stderr; red on a terminal."""
    from rich.console import Console
    from rich.text import Text

    head, *rest = text.split("\n")
    shown = Text(head, style="bold red").append("\n".join(["", *rest]), style="not bold default")
    Console(stderr=True).print(shown, soft_wrap=True)
