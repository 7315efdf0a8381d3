"""The record of what happened: codes of events, import of event data, and rates learned from it in bulk.

::

    coding       CAMEO, PLOVER, Goldstein values, quad classes
    actors       who is meant by the spellings of the data sets
    importing    delivered files → one Parquet table of events, with an account of every row
    importers    one module per data set: how it is delivered, what its rows mean
    dyads        directed dyads × days, memories, the weighted mean
    history      what a rate may depend on
    glm          Poisson and logistic regression by Newton's method
    rates        rates of events between actors, with standard errors
    excitation   factors and half-lives in the form the engine uses
    one_day_ahead  forecasts one day ahead, everything chosen beforehand
    relational   relational event models of exact event sequences
"""
