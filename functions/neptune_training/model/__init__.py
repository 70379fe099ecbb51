"""Values without I/O: jobs, the parameters of the API, settings, capacity, problems.

Imports nothing of the other layers; all of them import it.
"""
