args=(--privileged)
docker run "${args[@]}" nginx
