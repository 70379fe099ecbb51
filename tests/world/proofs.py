"""How much the longest proofs look at: `make test` has time for a part, `make proofs N=100` sets PROOFS to 100."""

import os

HISTORIES = int(os.environ.get("PROOFS") or 0)  # random histories of each machine, others in each run
ALL = HISTORIES > 0  # all small worlds, flows and pairs of kills
