#!/usr/bin/env bash
# Runs targets of the Makefile one after the other, each once, and prints how long each took, also when one fails.
set -euo pipefail

times=()
finished=()
report() {
  echo "=== time per stage"
  printf '%s\n' "${times[@]}"
}
trap report EXIT

for target in "$@"; do
  started=$SECONDS
  echo "=== $target"
  outcome=0
  # What ran already is no prerequisite any more.
  "${MAKE:-make}" --no-print-directory ${finished[@]+"${finished[@]}"} "$target" || outcome=$?
  times+=("$(printf '%5d s  %s%s' $((SECONDS - started)) "$target" "$([ $outcome -eq 0 ] || echo ': failed')")")
  [ $outcome -eq 0 ] || exit $outcome
  finished+=("--old-file=$target")
done
