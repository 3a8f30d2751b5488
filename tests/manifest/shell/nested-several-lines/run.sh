bash -c '
  set -e
  docker run --privileged a
  docker run \
    --security-opt seccomp=unconfined \
    b
'
