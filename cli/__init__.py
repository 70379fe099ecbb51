"""`neptune-training`: the command-line program for people who use or operate the application.

    app       which commands there are, and what becomes of an error
    account   the options that lead to AWS: stack, profile, region
    exits     the exit codes, and errors in words
    screen    all output

A command is a function in a module of its own, and one line in `app`. It is outside the functions' artefact.
"""
