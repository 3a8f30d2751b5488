declare -a args=(--rm)
args+=(--privileged)
args=("${args[@]}" --security-opt "seccomp=unconfined")
docker run ${args[@]} nginx
