OPTS="--rm"
OPTS+=""
OPTS="$OPTS"
docker run $OPTS nginx
