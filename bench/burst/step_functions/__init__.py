"""Start trainings by a state machine: one execution for each upload, which retries, waits and polls."""
