OPTS="--rm \
      --privileged \
      -it"
docker run $OPTS nginx
