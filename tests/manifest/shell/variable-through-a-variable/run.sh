BASE="--privileged"
OPTS="$BASE --rm"
docker run $OPTS nginx
