"""Studies over ensembles: what if, why, and what matters.

::

    differences   what the studies below find, as plain classes
    comparing     what if: scenarios against the baseline, on the same random numbers
    pairing       … the arithmetic of paired differences
    parting       … when futures part
    levers        every action and commitment tried in turn
    given         condition (choose futures) and intervene (make something happen)
    conditions    … conditions as text
    changed       two versions of a crisis, or two saved runs
    mattering     what matters: which numbers, sources or judgements a probability leans on
    sensitivity   … the estimator, on arrays
    grouping      … the uncertain numbers of a crisis, in groups
    worth         … what knowing them would be worth
    drivers       why: the factors that raise and lower the intensities behind an answer
    answering     … what answers a question, future by future
    chains        … which happenings a question watches, and what brings a happening about
    readings      … an intensity taken apart
    snapshots     … chosen futures, run again
    paths         typical paths to an answer
    stories       one future, told
    turns         … its steps, and how they are put into words
"""
