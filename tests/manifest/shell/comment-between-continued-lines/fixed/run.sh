docker run --rm \
  # --privileged \
  nginx
docker run --rm `# why` nginx
