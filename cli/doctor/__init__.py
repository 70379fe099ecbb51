"""`neptune-training doctor`: what is wrong with a stack, or would be with a file of parameters.

    command     the command: which facts, which checks, how it ends
    findings    what a check can find, and how checks are run
    checks      all checks, in the order in which they are shown
    report      the findings as a table or as JSON
    probe       sends a request that cannot start a job, and follows it
    drift       asks CloudFormation for what was changed by hand

One module for each subject has its checks. A check reads `Facts` and yields what is wrong; it calls no AWS itself.
"""
