docker run --rm \
  --privileged \
  nginx
