"""The data sets that can be imported: one module each says how it is delivered and what its rows mean."""

from detente.ledger.importers.acled import ACLED
from detente.ledger.importers.gdelt import GDELT_1, GDELT_2
from detente.ledger.importers.icews import ICEWS
from detente.ledger.importers.polecat import POLECAT
from detente.ledger.importers.ucdp import UCDP

DATASETS = {
    "acled": (ACLED,),
    "gdelt": (GDELT_1, GDELT_2),
    "icews": (ICEWS,),
    "polecat": (POLECAT,),
    "ucdp": (UCDP,),
}
"""Data sets by name; where there are several forms, the first file of each decides which it has."""

__all__ = ["DATASETS"]
