OPTS=
docker run $OPTS nginx
