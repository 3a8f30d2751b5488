docker run --rm \
  -p 80:80 \
  -v /a:/b \
  nginx
