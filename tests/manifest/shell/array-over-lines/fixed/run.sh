args=(
  --rm
  # debugging
  -p 80:80
)
docker run "${args[@]}" nginx
