docker run --rm \
  --privileged \
  -p 80:80 \
  nginx
