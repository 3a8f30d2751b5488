OPTS="--rm -it"
docker run $OPTS nginx
