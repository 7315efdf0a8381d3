"""The situation room: a local web page over the very functions that the command line calls.

::

    guarding    who may ask: host and origin, size and number of requests, headers, the optional token
    running     simulations in the background: progress, first answers, cancelling
    room        the crisis that the page shows, and its futures
    declared    … what it declares, its ledger, its numbers
    answers     … what a simulation says: answers, differences, reasons
    quantities  … how stocks and factions may go
    stages      … what each kind of simulation computes, stage by stage
    judged      earlier forecasts, and how they turned out
    shapes      what comes over the wire
    server      the addresses, and `serve`
    assets/     the built page (source in frontend/)
"""
