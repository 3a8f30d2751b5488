docker run --rm \
  --security-opt \
  seccomp=unconfined \
  nginx
