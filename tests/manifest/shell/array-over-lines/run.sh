args=(
  --rm
  --privileged
  --security-opt seccomp=unconfined # debugging
  -p 80:80
)
docker run "${args[@]}" nginx
