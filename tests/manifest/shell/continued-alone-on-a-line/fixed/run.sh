docker run --rm \
  -p 80:80 \
  nginx
