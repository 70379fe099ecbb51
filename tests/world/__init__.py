"""A small world for the handlers to live in: AWS, Neptune and time, all in this process, to be asked afterwards.

    upload, event, tick ──► queue ──► start ──┐
                            each minute ─► track ─┤ moto (DynamoDB, S3, SNS), local Neptune ML
                       the table's stream ─► notify, emit ─┘

The real handlers run in it with the clients that their wiring makes. What they did is counted in Neptune's own log, in
the table and in its stream: no word of the functions is believed.
"""

from tests.world.calls import Call, Crash, Hang
from tests.world.world import World

__all__ = ["Call", "Crash", "Hang", "World"]
