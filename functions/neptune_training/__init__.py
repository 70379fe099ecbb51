"""Train Amazon Neptune ML models: one trigger, one job, whatever fails.

Rules stand apart from I/O: `jobs`, `reasons`, `requests`, `triggers` and `hpo` import no AWS; `table`, `sources` and
`neptune` each speak to one service; `steps` is the state machine that joins them. Nothing here reads the environment
or makes a client: the entry points beside this package do.
"""
