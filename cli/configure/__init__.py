"""`neptune-training configure`: ask the account, and write `parameters.yaml`.

command     the command: choose, show, write
choices     rules: which values the parameters get, and why
questions   asks a person, only where more than one answer is possible
document    the file: one line of comment for each choice
"""
