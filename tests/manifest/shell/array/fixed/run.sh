args=(--rm)
docker run "${args[@]}" nginx
