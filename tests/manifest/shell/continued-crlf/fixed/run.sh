docker run --rm \
  nginx
