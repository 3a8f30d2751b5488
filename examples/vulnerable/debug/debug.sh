#!/bin/bash
# Starts the service under delve.
set -euo pipefail

image=${1:-golang:1.25}
opts=(--rm -it -v "$PWD:/src" -w /src)
opts+=(--cap-add SYS_PTRACE --security-opt seccomp=unconfined)

docker run "${opts[@]}" "$image" dlv debug ./cmd/api

# The same for the old box.
ssh old-box 'docker run -d --name api --privileged shop/api:3'

docker run --rm \
    --security-opt apparmor=unconfined \
    --security-opt seccomp=unconfined \
    gcc:14 gdb ./a.out
