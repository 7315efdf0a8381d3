"""The record of what happened: codes of events, import of event data, and rates learned from it in bulk.

::

    coding       CAMEO, PLOVER, Goldstein values, quad classes
    actors       who is meant by the spellings of the data sets
    importing    delivered files → one Parquet table of events, with an account of every row
    importers    one module per data set: how it is delivered, what its rows mean
    matching     coded events → actions of a crisis, the most specific pattern first
    candidates   the patterns of a crisis as event data can meet them
    knowledge    what was known on a date
    store        rows added to the tables of a crisis folder, all or none
    appending    the text of a table with further rows
    reading      tables of events in the forms in which they lie around
    who_to_whom  who did what to whom: counts by actor and recipient
    chronicle    the events of a crisis in order of time
    dyads        directed dyads × days, memories, the weighted mean
    history      what a rate may depend on
    glm          Poisson and logistic regression by Newton's method
    rates        rates of events between actors, with standard errors
    excitation   factors and half-lives in the form the engine uses
    one_day_ahead  forecasts one day ahead, everything chosen beforehand
    rate_account   the account of a bulk fit: rates, excitations, scores of the forecasts
    relational   relational event models of exact event sequences
"""
