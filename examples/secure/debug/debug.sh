#!/bin/bash
# Starts the service under delve: the default profile allows ptrace.
set -euo pipefail

image=${1:-golang:1.25}
opts=(--rm -it -v "$PWD:/src" -w /src)

docker run "${opts[@]}" "$image" dlv debug ./cmd/api
docker run --rm busybox echo --privileged --security-opt seccomp=unconfined
docker exec --privileged api ip link
