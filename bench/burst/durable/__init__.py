"""Start trainings by a Lambda durable function: one execution for each upload, with steps, waits and polls."""
