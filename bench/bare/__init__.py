"""Make the same AWS and Neptune calls as one of our functions, with boto3 and nothing else: the least that it can take.

`bench` records the calls of one invocation of ours into `calls.json` beside this file, with `{id}`, `{sequencer}` and
so on in place of what differs from event to event. The event has these values.
"""
