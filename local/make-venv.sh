#!/bin/bash
# make-venv.sh PYTHON FOLDER REQUIREMENTS: a virtual environment with exactly the pinned packages.
set -euo pipefail
python=$1 folder=$2 requirements=$3
[ -n "$python" ] || exit 1
case $(realpath -s "$python") in "$(realpath -ms "$folder")"/*) echo "$python is in $folder, which is made anew" >&2; exit 1 ;; esac

if ! "$python" -c 'import ensurepip' 2> /dev/null; then # Debian keeps it in a package of its own
  package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
  echo "installing $package"
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq "$package" > /dev/null
  else
    sudo apt-get update -qq || { echo "install it: apt-get install $package" >&2; exit 1; }
    sudo apt-get install -yqq "$package" > /dev/null
  fi
fi

echo "setting up $folder with $("$python" --version), once"
rm -rf "$folder"
"$python" -m venv "$folder"
# --no-deps: the lists are complete, and an older pip takes a package with extras for one without a hash.
# --no-compile: what is imported is compiled then, and most of it never is; that is a third of the time.
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r "$requirements" 2>&1 |
  { grep -v '^WARNING: Location' || true; }
touch "$folder/ready"
