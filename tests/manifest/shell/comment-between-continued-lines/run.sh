docker run --rm \
  # --privileged \
  nginx
docker run --rm `# why` --privileged nginx
