"""Proper scores of forecasts, and whether their probabilities are honest: functions of arrays only.

::

    binary        Brier, log and ranked scores of probabilities; questions that are settled by a date
    continuous    CRPS of ensembles and of a few closed forms
    curves        CRPS of the time to a happening, from its curve over a window
    skill         skill against a reference; paired differences with clustered errors
    calibration   calibration curve with consistency bands; miscalibration − discrimination + uncertainty
    uniformity    randomised PIT and its χ² and Kolmogorov–Smirnov checks

Every score is negatively oriented (lower is better) and takes its arguments in the order (forecast, outcome).
An outcome that is NaN is a question not yet resolved: its score is NaN, and no mean ever counts it as a no.
"""

from detente.scoring.binary import (
    brier_score,
    log_score,
    ranked_probability_score,
    settled_outcome,
)
from detente.scoring.calibration import (
    CalibrationCurve,
    ScoreDecomposition,
    calibration_curve,
    decompose,
)
from detente.scoring.continuous import (
    crps_ensemble,
    crps_exponential,
    crps_lognormal,
    crps_normal,
    crps_poisson,
)
from detente.scoring.curves import crps_curve
from detente.scoring.skill import PairedDifference, paired_difference, skill_score
from detente.scoring.uniformity import (
    CdfPair,
    UniformityCheck,
    ensemble_cdf,
    poisson_cdf,
    randomised_pit,
    uniformity_check,
)

__all__ = [
    "CalibrationCurve",
    "CdfPair",
    "PairedDifference",
    "ScoreDecomposition",
    "UniformityCheck",
    "brier_score",
    "calibration_curve",
    "crps_curve",
    "crps_ensemble",
    "crps_exponential",
    "crps_lognormal",
    "crps_normal",
    "crps_poisson",
    "decompose",
    "ensemble_cdf",
    "log_score",
    "paired_difference",
    "poisson_cdf",
    "randomised_pit",
    "ranked_probability_score",
    "settled_outcome",
    "skill_score",
    "uniformity_check",
]
