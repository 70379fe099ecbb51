"""The state machine: which step a job takes next, when it takes it, and what is recorded.

Imports all other layers; only the entry points (`start`, `step`, `track`) and their wiring import it.
"""
