"""Mutation testing of `functions/`: mutmut changes each function in many small ways, and a test has to notice.

`make mutate` runs it. A mutant that no test notices has survived. Then a new test kills it, or survivors.toml says why
no test can notice it. `by_hand` has the changes that mutmut does not make.
"""
