BASE=""
OPTS="$BASE --rm"
docker run $OPTS nginx
