"""The state machine: which step a job takes next, when, and what is written down of it.

Imports all other layers; only the entry points (`start`, `track`) import it.
"""
