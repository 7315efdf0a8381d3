"""What the tests of lowering share."""

from detente.crisisfile import loads

HEAD = """\
crisis: ferry_row
as_of: 2024-11-30
horizon: 90 d
"""
ACTIONS = """\
clocks:
  seizure: {rate: 2 per year}
  protest: {rate: 3 per year, outcomes: {loud: {share: 30 %}, quiet: {}}}
  talks: {rate: 1 per year}
"""


def lowered(text, *, head=HEAD):
    """A crisis with an ordinary head."""
    return loads(head + text)


def effects_of(thing):
    """The effects of a moment or outcome as short text: ``stock anger add 3``."""
    return [
        " ".join(
            str(part)
            for part in (effect.on, effect.target, effect.does, effect.amount, effect.value)
            if part not in (None, "")
        )
        for effect in thing.effects
    ]


def outcomes_of(moment):
    """The outcomes of a moment by name."""
    return {outcome.name: outcome for outcome in moment.outcomes}
