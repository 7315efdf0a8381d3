"""The report: one self-contained page that a decision-maker can read, and the same in Markdown and PDF.

::

    parts       what a report is made of: sections, tables, pictures
    answers     the questions, and when the listed actions are likely
    reasons     what drives an answer, and which numbers it leans on
    studies     what would change it
    evidence    sources, claims, judgement
    methods     how the numbers were made
    writing     the whole as HTML, Markdown or PDF
"""

from detente.report.writing import Report, report

__all__ = ["Report", "report"]
