args=()
docker run "${args[@]}" nginx
