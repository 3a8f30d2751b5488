OPTS="--privileged --rm -it"
docker run $OPTS nginx
