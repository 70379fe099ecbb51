"""`make soak N=1000`: many triggers, many faults, and a count of what was lost or done twice: nothing.

    triggers ──► the local stack ──► Neptune ML, which refuses, and drops connections before and after it starts a job
      a fifth         │  functions are killed at random
      twice           └─ DynamoDB and SNS refuse, sometimes after they have done what they were asked for

It believes no word of the functions: what started is counted in Neptune's own log, what became of each trigger is read
from the table, and who was told is what a subscriber of the topic received.
"""
