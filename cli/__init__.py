"""`neptune-training`: the command-line program for people who use or operate the application.

    app       which commands there are, and what becomes of an error
    account   the options that lead to AWS: stack, profile, region
    exits     the exit codes, and errors in words
    screen    all output
    facts     what an account says, read when a rule asks for it

A command is a function in a module or folder of its own, and one line in `app`. It is outside the functions' artefact.
"""
