"""Values without I/O: jobs, the parameters of the API, settings, capacity, problems.

Imports no other layer; all other layers import it.
"""
