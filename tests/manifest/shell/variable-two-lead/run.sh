OPTS="--privileged --security-opt seccomp=unconfined --rm"
docker run $OPTS nginx
