args=(--rm --privileged)
docker run "${args[@]}" nginx
