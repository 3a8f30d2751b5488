bash -c '
  set -e
  docker run a
  docker run \
    b
'
