OPTS=--privileged
docker run $OPTS nginx
