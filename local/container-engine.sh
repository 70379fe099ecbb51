#!/bin/bash
# A container engine for `sam local`: the Docker engine that runs here, or else podman behind a Docker-compatible socket.
#
#   eval "$(local/container-engine.sh up [PID PORT...])"   starts what does not run yet; safe to repeat
#   sam local invoke StartFunction -e events/… -n …
#   local/container-engine.sh down                         stops what `up` started; the image stays
#   local/container-engine.sh clean                        the same, and removes the image and all else but the packages
#
# PORT: a server on 127.0.0.1:PORT of this machine, which functions then reach as $LOCAL_HOST_NAME:PORT for as long as
# process PID runs.
#
# Without Docker it needs root on Debian or Ubuntu, installs podman there, and builds a stand-in for Lambda's image from
# Debian packages, so no image is downloaded: about a minute the first time, a second later. All else that it makes is in
# .local/containers.
#
# Environment: PYTHON (any Python 3 with pip), MIRROR (a Debian mirror, if not the usual one).
set -euo pipefail
exec 3>&1 >&2 # fd 3 is what the caller evaluates; all else is for its eyes

LOCAL=$(cd "$(dirname "$0")" && pwd)
WORK=$(dirname "$LOCAL")/.local/containers
SOCKET=$WORK/podman.sock
NETWORK=sam-local
PACKAGES=(podman runc nftables mmdebstrap mount debian-archive-keyring)
PYTHON=${PYTHON:-python3}
IMAGE=public.ecr.aws/lambda/python:3.13-x86_64 # the name by which sam looks for it

main() {
  case ${1:-} in
    up) up "${@:2}" ;;
    down) down ;;
    clean)
      down
      rm -rf "$WORK"
      ;;
    *)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 2
      ;;
  esac
}

up() {
  trap '[ $? -eq 0 ] || echo false >&3' EXIT # a failure here makes the eval fail
  mkdir -p "$WORK"
  if has_docker; then
    up_docker "$@"
  else
    up_podman "$@"
  fi
}

# --- Docker: left as it is; only its way back to this machine may need help.

# After an earlier `up`, DOCKER_HOST names our own podman, which is not the engine that we look for.
has_docker() {
  [ "${DOCKER_HOST:-}" != "unix://$SOCKET" ] && docker info > /dev/null 2>&1
}

up_docker() {
  local bridge address
  bridge=$(docker network inspect bridge --format '{{index .Options "com.docker.network.bridge.name"}}')
  address=$({ ip -4 -oneline address show "$bridge" 2> /dev/null || true; } | sed -n 's|.* inet \([0-9./]*\) .*|\1|p')
  if [ -n "$address" ]; then
    forward "$address" "$@"
    print_exports "LOCAL_HOST_NAME=${address%/*}"
  else # an engine in a virtual machine, such as Docker Desktop, which brings a name for this machine's 127.0.0.1
    print_exports LOCAL_HOST_NAME=host.docker.internal
  fi
}

# --- podman

up_podman() {
  check_machine
  install_packages
  configure_podman
  make_network
  build_image
  start_podman
  forward "$GATEWAY/${SUBNET#*/}" "$@"
  print_exports "DOCKER_HOST='unix://$SOCKET'" SAM_SKIP_PULL_IMAGE=1 "LOCAL_HOST_NAME=$GATEWAY"
}

check_machine() {
  if [ "$(id -u)" != 0 ] || [ "$(uname -m)" != x86_64 ] || ! command -v apt-get > /dev/null; then
    echo "sam local needs a container engine, and \`docker info\` finds none that runs."
    echo "Install and start Docker (Engine or Desktop), or run this as root on Debian or Ubuntu (x86_64), where it brings podman."
    exit 1
  fi
}

install_packages() {
  if dpkg -s "${PACKAGES[@]}" > /dev/null 2>&1; then return; fi
  echo "installing ${PACKAGES[*]} …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends -o DPkg::Lock::Timeout=300 \
    "${PACKAGES[@]}" > "$WORK/apt.log"
}

# A folder of its own for everything, so that neither this podman nor one that somebody uses here sees the other.
podman() {
  CONTAINERS_CONF=$WORK/containers.conf command podman --root "$WORK/storage" --runroot "$WORK/run" "$@"
}

# runc, because Debian 12's crun refuses hybrid cgroups; limits, because podman's defaults need CAP_SYS_RESOURCE.
configure_podman() {
  cat > "$WORK/containers.conf" << EOF
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_config_dir = "$WORK/networks"
EOF
}

# A bridge of its own, too, with a subnet that nothing else has. It can be made and removed only while it is not yet, or
# no longer, the default network.
make_network() {
  podman network exists "$NETWORK" || podman network create --disable-dns "$NETWORK" > /dev/null
  GATEWAY=$(podman network inspect --format '{{(index .Subnets 0).Gateway}}' "$NETWORK")
  SUBNET=$(podman network inspect --format '{{(index .Subnets 0).Subnet}}' "$NETWORK")
  echo "default_network = \"$NETWORK\"" >> "$WORK/containers.conf"
}

start_podman() {
  if running podman; then return; fi
  rm -f "$SOCKET"
  start podman env CONTAINERS_CONF="$WORK/containers.conf" \
    podman --root "$WORK/storage" --runroot "$WORK/run" system service --time=0 "unix://$SOCKET"
  await podman [ -S "$SOCKET" ]
}

# --- The image

# Built again when its recipe changes; with it goes what `sam` made of the old one.
build_image() {
  local recipe
  recipe=$(cat <(declare -f make_root make_runtime import_image) "$LOCAL/requirements-lambda.txt" | sha256sum)
  if [ "$recipe" = "$(cat "$WORK/recipe" 2> /dev/null)" ] && podman image exists "$IMAGE"; then return; fi
  echo "building $IMAGE from Debian packages …"
  podman rmi -fa > /dev/null
  rm -rf "$WORK/runtime"
  make_runtime
  make_root
  import_image
  rm -rf "$WORK/runtime" "$WORK/image.tar"
  echo "$recipe" > "$WORK/recipe"
}

# /var/runtime, as on Lambda: the runtime interface client and what starts it. `sam` adds the emulator that it talks to.
make_runtime() {
  "$PYTHON" -m pip install -qq --root-user-action=ignore --disable-pip-version-check --target "$WORK/runtime" \
    --no-deps --require-hashes -r "$LOCAL/requirements-lambda.txt" \
    --python-version 3.13 --platform manylinux2014_x86_64 --only-binary=:all:
  cat > "$WORK/runtime/bootstrap" << 'EOF'
#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python3.13
export PYTHONPATH="/opt/python/lib/python3.13/site-packages:/opt/python:/var/runtime${PYTHONPATH:+:$PYTHONPATH}"
exec /var/lang/bin/python3.13 -m awslambdaric "$_HANDLER"
EOF
  chmod 755 "$WORK/runtime/bootstrap"
}

# Debian 13 is the release whose Python is 3.13. The last hook shows that the client's binary part works there.
# shellcheck disable=SC2016,SC2086 # mmdebstrap's own shell expands $1; an empty MIRROR is no argument
make_root() {
  mmdebstrap --quiet --variant=essential --include=python3.13,libstdc++6,ca-certificates \
    --customize-hook='mkdir -p "$1/var/task" "$1/var/lang/bin"' \
    --customize-hook='ln -s /usr/bin/python3.13 "$1/var/lang/bin/"' \
    --customize-hook="copy-in '$WORK/runtime' /var" \
    --customize-hook='PYTHONPATH=/var/runtime chroot "$1" python3.13 -c "import runtime_client"' \
    trixie "$WORK/image.tar" ${MIRROR:-}
}

import_image() {
  podman import -q "$WORK/image.tar" "$IMAGE" > /dev/null \
    -c 'WORKDIR /var/task' -c 'ENV LANG=C.UTF-8' -c 'ENV TZ=:/etc/localtime' \
    -c 'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin' \
    -c 'ENV LAMBDA_TASK_ROOT=/var/task' -c 'ENV LAMBDA_RUNTIME_DIR=/var/runtime'
}

# --- Processes, each with its id in WORK/NAME.pid

# forward ADDRESS/PREFIX [PID PORT...]
forward() {
  local bridge=$1 pid=${2:-} port name
  for port in "${@:3}"; do
    name=forward-${bridge%/*}-$port
    if running "$name"; then continue; fi
    start "$name" "$PYTHON" "$LOCAL/forward.py" "$bridge" "$port" "$pid"
    await "$name" grep -q ^forwarding "$WORK/$name.log"
  done
}

# start NAME COMMAND...: in the background, to outlive the caller's terminal
start() {
  local name=$1
  setsid "${@:2}" < /dev/null > "$WORK/$name.log" 2>&1 3>&- &
  echo "$! $(started "$!")" > "$WORK/$name.pid"
}

# An id may be another process's by now, but not together with the time at which ours started.
running() {
  local pid time
  read -r pid time 2> /dev/null < "$WORK/$1.pid" && [ -n "$time" ] && [ "$time" = "$(started "$pid")" ]
}

started() { cut -d ' ' -f 22 "/proc/$1/stat" 2> /dev/null; }

# await NAME CONDITION...
await() {
  local name=$1
  for _ in {1..100}; do
    if "${@:2}"; then return; fi
    if ! running "$name"; then break; fi
    sleep 0.1
  done
  echo "$name does not start:"
  cat "$WORK/$name.log"
  exit 1
}

stop() {
  local pid name=$1
  if running "$name"; then
    read -r pid _ < "$WORK/$name.pid"
    kill "$pid"
    timeout 10 tail --pid="$pid" -f /dev/null || true
  fi
  rm -f "$WORK/$name.pid" "$WORK/$name.log"
}

down() {
  local file
  for file in "$WORK"/*.pid; do
    if [ -e "$file" ]; then stop "$(basename "$file" .pid)"; fi
  done
  if [ -d "$WORK/storage" ]; then
    podman rm -fa -t 0 > /dev/null
    configure_podman
    podman network rm -f "$NETWORK" > /dev/null
    umount "$WORK/storage/overlay" 2> /dev/null || true
  fi
  rm -f "$SOCKET"
}

print_exports() {
  echo "export SAM_CLI_TELEMETRY=0 $*" >&3
}

main "$@"
