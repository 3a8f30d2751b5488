OPTS="--privileged"
OPTS=""
docker run $OPTS nginx
