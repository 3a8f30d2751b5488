docker run --rm \
  nginx
