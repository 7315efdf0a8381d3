"""The record of what happened: codes of events, import of event data, and rates learned from it in bulk.

::

    coding       CAMEO, PLOVER, Goldstein values, quad classes
    actors       who is meant by the spellings of the data sets
    importing    delivered files → one Parquet table of events, with an account of every row
    importers    one module per data set: how it is delivered, what its rows mean
    dyads        directed dyads × days, and the history of each
    rates        rates of events between actors, with half-lives, excitations and standard errors
    relational   relational event models of exact event sequences
"""
