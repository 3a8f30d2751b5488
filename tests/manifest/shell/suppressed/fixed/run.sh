# confined: ignore privileged -- needs the host's devices
docker run --privileged a
docker run --privileged b # confined: ignore privileged -- the same
# confined: ignore privileged
docker run c
docker run \
  d
