"""Crisis files: the human form, the machine form and the arrow between them."""

from detente.crisisfile.dumping import dump, dumps
from detente.crisisfile.resolving import Resolution, load, loads, resolve, resolve_text
from detente.crisisfile.schema import json_schema

__all__ = ["Resolution", "dump", "dumps", "json_schema", "load", "loads", "resolve", "resolve_text"]
