"""Measure the functions beside what people would build instead; `docs/performance.md` has the results.

    make bench          cold starts, warm invocations, sizes, calls: `__main__`

README.md says what each file is.
"""
