OPTS="--privileged"
docker run $OPTS a
docker run $OPTS b
