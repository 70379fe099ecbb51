"""Pause Python's garbage collection while a function's modules are imported.

Imports make many objects, and nearly all of them stay. Collections would go through them again and again and free next
to nothing: without them, the imports of `start` took 465 ms of CPU in place of 513 (measured, 12 times each in turn).
Each entry point imports this module before all others, and calls `resume` after its imports.
"""

import gc

gc.disable()


def resume() -> None:
    """Collect again, but never look again at what there is now: so later collections are short, too."""
    gc.freeze()
    gc.enable()
