#!/usr/bin/env bash
# Functions that run the test machine; to be sourced. The caller sets these three and calls machine_stop when it ends.
: "${image:?the folder that image.sh printed}"
: "${switch:?the file that pins the network namespace with the bridge}"
: "${scratch:?a folder for the logs console and qemu}"

machine_address=10.200.0.200
machine_pid=
machine_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Starts it. Software emulation, because a machine that runs our tests is often a virtual one itself.
machine_start() {
  # The overlay on the disk is a file without a name, and the tap device ends with the process that opened it: nothing is
  # left even when this script is killed, which takes QEMU with it.
  nsenter --net="$switch" setpriv --pdeathsig KILL qemu-system-x86_64 \
    -nodefaults -no-user-config -display none \
    -machine q35,accel=tcg -cpu Westmere -smp 2 -m 3G \
    -kernel "$image/kernel" -initrd "$image/initrd" -append "root=/dev/vda rw console=ttyS0 quiet" \
    -drive "file=$image/disk,format=raw,if=virtio,snapshot=on,cache=unsafe" \
    -netdev "tap,id=node,ifname=vm200,script=$machine_scripts/attach.sh,downscript=no" \
    -device virtio-net-pci,netdev=node,mac=52:54:00:c8:00:c8,romfile= \
    -object rng-random,id=random,filename=/dev/urandom -device virtio-rng-pci,rng=random \
    -serial "file:$scratch/console" >"$scratch/qemu" 2>&1 </dev/null &
  machine_pid=$!
}

# Runs the shell script of its standard input on the machine; at most $1 seconds.
machine_run() {
  timeout --kill-after=5 "$1" nsenter --net="$switch" ssh -F none -T -i "$image/ssh-key" \
    -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o LogLevel=ERROR \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null \
    "root@$machine_address" bash -s
}

# Waits until the machine has started, for at most $1 seconds; with $2, until that is another start than the one of this id.
machine_wait() {
  local deadline=$((SECONDS + $1)) other=${2:-} boot
  while [ "$SECONDS" -lt "$deadline" ]; do
    kill -0 "$machine_pid" 2>/dev/null || { echo "QEMU ended: $(cat "$scratch/qemu")" >&2 && return 1; }
    boot=$(machine_boot 2>/dev/null) && [ "$boot" != "$other" ] && return
    sleep 1
  done
  echo "the machine did not answer within $1 s; the end of its console:" >&2
  tail -n 20 "$scratch/console" >&2
  return 1
}

# Prints the id of this start of the machine, once all that starts at boot has started.
machine_boot() {
  machine_run 60 <<'SCRIPT'
case $(systemctl is-system-running --wait) in running | degraded) cat /proc/sys/kernel/random/boot_id ;; *) exit 1 ;; esac
SCRIPT
}

# Restarts the machine and waits until it is up again, at most $1 seconds.
machine_reboot() {
  local before
  before=$(machine_boot) || return
  # The connection may break before the command has said how it went.
  machine_run 60 <<<'systemctl reboot' || true
  machine_wait "$1" "$before"
}

# Ends the machine. May be called twice.
machine_stop() {
  [ -n "$machine_pid" ] || return 0
  kill "$machine_pid" 2>/dev/null || true
  wait "$machine_pid" 2>/dev/null || true
  machine_pid=
}
