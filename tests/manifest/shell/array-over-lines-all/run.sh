args=(
  --privileged
  --security-opt
  seccomp=unconfined
)
docker run "${args[@]}" nginx
