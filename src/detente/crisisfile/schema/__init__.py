"""The human form as classes: what a crisis file may contain, and what is said about one that breaks it."""

from detente.crisisfile.schema.faults import Validated, validate
from detente.crisisfile.schema.whole import CrisisForm, json_schema

__all__ = ["CrisisForm", "Validated", "json_schema", "validate"]
