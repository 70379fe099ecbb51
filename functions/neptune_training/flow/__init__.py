"""The state machine: which step a job takes next, when, and what is recorded.

Imports all other layers; only the entry points (`start`, `step`, `track`) and `wiring` import it.
"""
