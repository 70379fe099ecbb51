"""Start trainings as most people would: with Powertools' utilities, the SDK's standard retries and SQS redelivery."""
