"""Hostile input for the functions and all that they read, for as long as one likes.

    make fuzz                      python -m tests.fuzz --seconds 60

Valid documents, bent in one to three places, get further than random bytes, so most inputs are made so. What counts as
a finding: an error that is not declared, more than a second of work, more memory than the functions have, a record or
a message that DynamoDB or SNS would not take. Findings are shrunk, printed and kept in `.tests/fuzz/`.
"""
