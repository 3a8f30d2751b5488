OPTS="--rm"
docker run $OPTS nginx
