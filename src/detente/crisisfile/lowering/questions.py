"""Questions, and the expressions in them that need machinery of their own."""

from __future__ import annotations

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.numbers import expression
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.whole import CrisisForm, QuestionForm
from detente.expressions import Expression
from detente.model import Question


def lower_questions(build: Builder, form: CrisisForm) -> None:
    """All questions."""
    for name, question in sorted(form.questions.items()):
        _question(build, name, question, ("questions", name))


def _question(build: Builder, name: str, form: QuestionForm, path: Path) -> None:
    build.declare(name, "question", path)
    closes = build.time(form.closes, (*path, "closes"), end=True)
    opens = 0.0 if form.opens is None else build.time(form.opens, (*path, "opens"), end=True)
    if closes <= opens:
        build.fault((*path, "closes"), "the question closes before it opens", _order(form))
    build.questions[name] = Question(
        name=name,
        text=form.text,
        yes_if=_asked(build, form.yes_if, (*path, "yes_if")),
        closes=closes,
        opens=opens,
        given=None if form.given is None else _asked(build, form.given, (*path, "given")),
        criterion=form.criterion,
        evidence=build.evidence(path),
    )


def _order(form: QuestionForm) -> str:
    opens = "the end of the as-of date" if form.opens is None else f"the end of {form.opens}"
    return f"It opens at {opens}; `closes` must come after it."


def _asked(build: Builder, text: str, path: Path) -> Expression:
    return expression(build, text, path, "question")
