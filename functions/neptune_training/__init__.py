"""Train Amazon Neptune ML models: exactly one job for each trigger, even if calls and processes fail.

Layers; each imports only from those below it (a test holds them to that):

    flow      the state machine: what happens to a job, and when
    checks    what is checked before a training starts
    announce  what is announced of a job. `announce` and `checks` do not import each other
    aws       DynamoDB, S3, Neptune, SageMaker and CloudWatch Logs
    model     values and their rules, without I/O

Nothing here reads the environment or makes a client: the entry points beside this package do.
"""
