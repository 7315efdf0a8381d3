"""From a record to what it says: the replay of a record through its crisis.

::

    observing       where a record is complete, and its likelihood
    accounts        expected against observed, for every clock
    surprises       every event as the crisis saw it just before
    states          the state in which a record leaves its crisis
    replays         all of it for one crisis

    evidence        which numbers the record may inform; `priors` what was believed of them before
    design          a trace as arrays; `likelihood` the log posterior and its exact derivatives
    conditional     the posterior given one replay; `mixing` over replays, `ledgers` over disputed events
    fitting         all of it for one crisis, with `verdicts`, `residuals` and the check of `plausibility`
"""

from detente.inference.fitting import fit
from detente.inference.plausibility import check_plausibility
from detente.inference.posterior import Posterior
from detente.inference.replays import Replay, replay

__all__ = ["Posterior", "Replay", "check_plausibility", "fit", "replay"]
