#!/bin/sh
# Called by QEMU inside the network namespace of an instance's switch: connects the tap device $1 to the bridge.
set -eu
ip link set "$1" master hoist0
ip link set "$1" up
