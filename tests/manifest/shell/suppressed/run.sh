# confined: ignore privileged -- needs the host's devices
docker run --privileged a
docker run --privileged b # confined: ignore privileged -- the same
# confined: ignore privileged
docker run --privileged c
docker run \
  --privileged \
  d
