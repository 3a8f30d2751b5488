OPTS="--rm"
eval docker run $OPTS nginx
