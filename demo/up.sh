#!/usr/bin/env bash
# From nothing to a running hosted cluster with two nodes and a web service. Every stage finds what is already there, so a
# second run is quick and changes nothing.
set -euo pipefail
cd "$(dirname "$0")"

cluster=demo
hosts=(worker-1 worker-2)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

names=()
seconds=()
stage() { # NAME COMMAND…: one line with its time; the output only when it fails, unless it shows its own progress
  local name=$1 started=$EPOCHREALTIME took
  shift
  printf '%-52s ' "$name"
  if ! "$@" >"$log" 2>&1; then
    echo failed
    cat "$log" >&2
    exit 1
  fi
  took=$(awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')
  printf '%6s s\n' "$took"
  names+=("$name")
  seconds+=("$took")
}

fact() { hcp local status --output json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

up() { hcp local up; }

operator() {
  hypershift install --registry "$(fact registry)" --pull-secret "$(fact pullSecret)" \
    --additional-trust-bundle "$(fact registryTrustBundle)" --wait-until-available
}

create() {
  if ! "$kubectl" --namespace clusters get hostedcluster "$cluster" >/dev/null 2>&1; then
    hcp create cluster none --name "$cluster" --pull-secret "$(fact pullSecret)" \
      --control-plane-availability-policy SingleReplica --node-pool-replicas ${#hosts[@]}
  fi
  "$kubectl" --namespace clusters wait hostedcluster "$cluster" --for=condition=Available --timeout=120s
}

join() { # HOST
  if guest get node "$1" >/dev/null 2>&1; then
    return
  fi
  hcp local host list --output json | grep -q "\"$1\"" || hcp local host add "$1"
  hcp local host exec "$1" -- sh -c "$(hcp create join-command --name "$cluster")"
}

guest() { "$kubectl" --kubeconfig "$kubeconfig" "$@"; }

nodes_ready() { guest wait node "${hosts[@]}" --for=condition=Ready --timeout=60s; }

web() {
  local image
  image=$(hcp release info "$("$kubectl" --namespace clusters get hostedcluster "$cluster" --output 'jsonpath={.spec.release.image}')" --component agnhost)
  sed "s#IMAGE#$image#" web.yaml | guest apply --filename -
  guest rollout status deployment/web --timeout=90s
}

answers() { # each pod finds the Service by its DNS name
  local pod
  for pod in $(guest get pods --selector app=web --output name); do
    guest exec "$pod" -- /usr/bin/agnhost connect --timeout=5s web.default.svc.cluster.local:80
    guest logs "$pod" --tail=1
  done
}

stage "local instance (a management cluster)" up
export KUBECONFIG
KUBECONFIG=$(fact kubeconfig)
kubectl=$(fact kubectl)
stage "operator" operator
stage "hosted cluster $cluster: API available" create
kubeconfig=$(fact stateDir)/$cluster.kubeconfig
(umask 077 && hcp create kubeconfig --name "$cluster" >"$kubeconfig")
for host in "${hosts[@]}"; do
  stage "host $host joins" join "$host"
done
stage "nodes Ready" nodes_ready
stage "two web pods, one a host" web
stage "they answer by DNS name; logs and exec work" answers

echo
printf '%-52s %8s\n' stage seconds
for index in "${!names[@]}"; do
  printf '%-52s %8s\n' "${names[$index]}" "${seconds[$index]}"
done
cat <<NEXT

Try next:
  export KUBECONFIG=$KUBECONFIG
  hcp status $cluster
  hcp get hosts
  $kubectl --namespace clusters get hostedclusters,nodepools
  $kubectl --namespace clusters-$cluster get pods
  $kubectl --kubeconfig $kubeconfig get nodes,pods --all-namespaces --output wide
  make demo-down
NEXT
