#!/bin/bash
# lock.sh PYTHON: pin every *.in file beside it, with hashes. The files name no place that packages come from.
set -euo pipefail
[ -x .local/lock/bin/pip-compile ] || { "$1" -m venv .local/lock && .local/lock/bin/pip install --quiet pip-tools==7.6.2; }
for file in functions/requirements requirements-dev local/requirements-*.in; do
  file=${file%.in}
  .local/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options -o "$file.txt" "$file.in" "${@:2}"
  # What Debian 12 has is the oldest Python that is supported.
  .local/lock/bin/pip install --quiet --dry-run --no-deps --ignore-installed --target .local/lock/none \
    --python-version 3.11.2 --only-binary=:all: --require-hashes --requirement "$file.txt"
  # A Mac with Apple's processor, and Lambda's Python.
  .local/lock/bin/pip install --quiet --dry-run --no-deps --ignore-installed --target .local/lock/none \
    --python-version 3.13 --implementation cp --platform macosx_14_0_arm64 --platform macosx_12_0_arm64 \
    --platform macosx_11_0_arm64 --platform macosx_10_13_universal2 --platform macosx_10_9_universal2 \
    --only-binary=:all: --require-hashes --requirement "$file.txt"
done
