"""`python -m cli`: the program, without an installation."""

from cli.app import main

main()
