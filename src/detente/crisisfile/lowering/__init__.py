"""Rich words → primitives: one module per word, and the builder that they fill."""

from detente.crisisfile.lowering.whole import Resolution, lower

__all__ = ["Resolution", "lower"]
