#!/bin/bash
# Prints the Python to use: 3.13, which Lambda runs, where there is one; else the newest from 3.11 on.
set -u
for version in 3.13 3.12 3.14 3.11 3; do
  python=$(command -v "python$version") || continue
  # A version manager's shim answers for versions that are not there: ask it for the interpreter itself.
  "$python" -c 'import sys; assert sys.version_info >= (3, 11); print(sys.executable)' 2> /dev/null && exit 0
done
for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python; do
  [ -x "$python" ] && found=$python
done
[ -n "${found:-}" ] && echo "$found" && exit 0
echo "no Python from 3.11 on was found: install python3 (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2
exit 1
