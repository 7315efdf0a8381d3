r"""How factions settle on one position: the spatial rules of group decision, as functions of arrays.

::

    simple_rules      compromise, weighted median, leader's veto, inertia        many draws at once
    spread            predictive distribution around a compromise                many draws at once
    election          probabilistic Condorcet election on a fixed grid           many draws at once
    spatial           KTAB's spatial model of politics                           one group at a time
    expected_utility  Bueno de Mesquita's model as Scholz reconstructed it       one group; historical
    trades            exchange of positions between issues                       one group at a time
    tables            a table of actors from CSV or YAML
    comparison        all rules on one table

The compromise is the default; docs/theory/bargaining.md says what is known of the accuracy of each. There
is no Nash bargaining with the status quo as disagreement point: as a forecaster it does worse than saying
the middle.
"""

from detente.bargaining.comparison import Comparison, FactionEffect, RuleOutcome, compare_rules
from detente.bargaining.election import condorcet_election, condorcet_probabilities
from detente.bargaining.expected_utility import (
    ExpectedUtilityRounds,
    PairUtilities,
    expected_utilities,
    expected_utility_rounds,
)
from detente.bargaining.simple_rules import (
    adjust,
    compromise,
    influence_effects,
    leader_veto,
    weighted_median,
)
from detente.bargaining.spatial import SpatialModelTurns, spatial_model
from detente.bargaining.spread import PredictiveSpread, predictive_spread
from detente.bargaining.tables import (
    ActorTable,
    ActorTableError,
    parse_actor_table,
    read_actor_table,
)
from detente.bargaining.trades import ExchangeResult, Trade, exchange

__all__ = [
    "ActorTable",
    "ActorTableError",
    "Comparison",
    "ExchangeResult",
    "ExpectedUtilityRounds",
    "FactionEffect",
    "PairUtilities",
    "PredictiveSpread",
    "RuleOutcome",
    "SpatialModelTurns",
    "Trade",
    "adjust",
    "compare_rules",
    "compromise",
    "condorcet_election",
    "condorcet_probabilities",
    "exchange",
    "expected_utilities",
    "expected_utility_rounds",
    "influence_effects",
    "leader_veto",
    "parse_actor_table",
    "predictive_spread",
    "read_actor_table",
    "spatial_model",
    "weighted_median",
]
