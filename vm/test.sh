#!/usr/bin/env bash
# An emulated Debian 12 machine (own kernel, systemd, cgroup v2) joins a hosted cluster of a running local instance by the very
# line that hcp prints, becomes Ready, restarts, comes back, and leaves as it came.
#
#   INSTANCE   the instance [local]
#   STATE_DIR  its folder, where that is not the default one
#   CLUSTER    the hosted cluster, in namespace clusters [demo]
#   HCP        the program [hcp]
#
# It ends in bounded time, and QEMU with it whatever happens. The logs stay only when it fails.
set -euo pipefail
cd "$(dirname "$0")"

cluster=${CLUSTER:-demo}
instance=(--instance "${INSTANCE:-local}" ${STATE_DIR:+--state-dir "$STATE_DIR"})
node=vm-1
hoist_node=/opt/hoist/bin/hoist-node
# Seconds. An emulated processor is ten to thirty times slower, and has hashes of some hundred megabytes to check.
start_limit=600 join_limit=1200 ready_limit=600 leave_limit=400

hcp() { timeout --foreground --kill-after=5 180 "${HCP:-hcp}" "$@"; }
fact() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$facts"; }
management() { timeout --foreground --kill-after=5 60 "$kubectl" --request-timeout=30s "$@"; }
guest() { # SECONDS ARGUMENTS…: kubectl in the hosted cluster
  local limit=$1
  shift
  timeout --foreground --kill-after=5 "$limit" "$kubectl" --kubeconfig "$scratch/kubeconfig" "$@"
}

stage() { # NAME COMMAND…: one line with its time; what the command says only when it fails
  local started=$EPOCHREALTIME
  printf '%-56s ' "$1"
  shift
  is_running=yes
  # Errors inside end the script, and its trap shows what was said.
  "$@" >"$scratch/stage" 2>&1
  is_running=
  awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "%6.1f s\n", to - from }'
}
show() { sed 's/^/    /' "$scratch/stage"; }

finish() {
  local code=$?
  trap - EXIT
  set +e
  if [ "$code" -ne 0 ]; then
    if [ -n "${is_running:-}" ]; then
      echo failed
      cat "$scratch/stage" >&2
    fi
    if [ -n "${machine_pid:-}" ]; then
      # The host gives its name back too: it would be in the way of the next run.
      machine_run 180 >"$scratch/machine" 2>&1 <<SCRIPT
$hoist_node status
journalctl --boot --no-pager --lines=3000
$hoist_node leave --force
SCRIPT
    fi
    echo "failed; logs: $scratch" >&2
  fi
  if [ -n "${machine_pid:-}" ]; then
    machine_stop
  fi
  if [ -n "${is_joined:-}" ]; then
    # Nobody is there any more who could end it.
    guest 30 delete pod "on-$node" --ignore-not-found --force --grace-period=0 >>"$scratch/qemu" 2>&1
    is_forgotten || hcp remove host "$node" --name "$cluster" --timeout 60s >>"$scratch/qemu" 2>&1
  fi
  [ "$code" -ne 0 ] || rm -rf "$scratch"
  exit "$code"
}
scratch=$(mktemp -d)
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

eventually() { # SECONDS COMMAND…: tries until it succeeds
  local limit=$1 deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not within $limit s: $*" && return 1; }
    sleep 1
  done
}

is_gone() {
  local found
  # What cannot be asked is not gone.
  found=$("$@" --ignore-not-found --output name) || return
  [ -z "$found" ]
}
is_forgotten() {
  is_gone guest 30 get node "$node" && is_gone management --namespace "clusters-$cluster" get hosts.hoist.internal "$node"
}

# After a restart the cluster believes for a while in the machine that it knew.
has_reported() { [ "$(guest 30 get node "$node" --output 'jsonpath={.status.nodeInfo.bootID}')" = "$1" ]; }
node_ready() {
  local boot
  boot=$(machine_boot)
  eventually "$ready_limit" has_reported "$boot"
  guest "$ready_limit" wait "node/$node" --for=condition=Ready --timeout="${ready_limit}s"
}

pod_starts() {
  local release image
  release=$(management --namespace clusters get hostedcluster "$cluster" --output 'jsonpath={.spec.release.image}')
  image=$(hcp release info "$release" --component agnhost)
  sed "s#IMAGE#$image#" pod.yaml | guest 60 apply --filename -
  pod_answers
}

# Ready through its probe, and its logs come through konnectivity.
pod_answers() {
  guest "$ready_limit" wait "pod/on-$node" --for=condition=Ready --timeout="${ready_limit}s"
  guest 60 logs "on-$node" --tail=1
}

has_restarted() {
  [ "$(guest 30 get pod "on-$node" --output 'jsonpath={.status.containerStatuses[0].restartCount}')" -gt 0 ]
}
pod_restarted() {
  eventually "$ready_limit" has_restarted
  pod_answers
}

as_before() {
  machine_run 300 <state.sh >"$scratch/after"
  diff --unified=0 "$scratch/before" "$scratch/after"
}

bash ../setup/debian.sh debootstrap e2fsprogs openssh-client python3 qemu-system-x86 seabios
facts=$(hcp local status "${instance[@]}" --output json)
KUBECONFIG=$(fact kubeconfig)
export KUBECONFIG
kubectl=$(fact kubectl)
switch=$(fact stateDir)/run/switch
image=$(bash image.sh)
(umask 077 && hcp create kubeconfig --name "$cluster" >"$scratch/kubeconfig")
if ! is_gone management --namespace "clusters-$cluster" get hosts.hoist.internal "$node"; then
  stage "an earlier run's host is removed" hcp remove host "$node" --name "$cluster"
fi

# shellcheck source=vm/machine.sh
. ./machine.sh
machine_start
stage "Debian 12 starts (software emulation)" machine_wait "$start_limit"
machine_run 60 <<'SCRIPT'
. /etc/os-release
echo "    $PRETTY_NAME, kernel $(uname -r), PID 1 $(cat /proc/1/comm), $(stat --file-system --format %T /sys/fs/cgroup)"
SCRIPT
machine_run 300 <state.sh >"$scratch/before"
line=$(hcp create join-command --name "$cluster" --uses 1)
is_joined=yes
# Read from standard input: a token has no business among the arguments of a process.
stage "the join line runs" machine_run "$join_limit" <<<"$line"
show
stage "the node is Ready" node_ready
stage "a pod starts, answers, shows its logs" pod_starts
stage "the machine restarts" machine_reboot "$start_limit"
stage "the node is Ready again" node_ready
stage "the pod is back" pod_restarted
guest 30 get nodes --output wide
stage "hoist-node leave" machine_run "$leave_limit" <<<"$hoist_node leave"
show
stage "the cluster has forgotten it" eventually 60 is_forgotten
is_joined=
stage "the machine is as it was before it joined" as_before
machine_stop
echo "passed"
