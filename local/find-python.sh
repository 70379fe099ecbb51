#!/bin/bash
# find-python.sh [VERSION]: prints the Python to use: VERSION; or 3.13, which Lambda runs, where there is one; or another.
set -u
for version in ${1:-3.13 3.12 3.14 3.11 3}; do
  # A version manager's shim is there for versions that it does not serve: ask the interpreter itself, then look behind it.
  for python in "$(command -v "python$version")" "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}/versions/$version".*/bin/python; do
    [ -x "$python" ] &&
      "$python" -c 'import sys; assert sys.version_info >= (3, 11); print(sys.executable)' 2> /dev/null && exit 0
  done
done
echo "no Python from 3.11 on was found: install python3 (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2
exit 1
