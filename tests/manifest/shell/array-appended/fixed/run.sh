declare -a args=(--rm)
args+=()
args=("${args[@]}")
docker run ${args[@]} nginx
