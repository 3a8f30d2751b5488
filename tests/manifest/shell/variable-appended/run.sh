OPTS="--rm"
OPTS+=" --privileged"
OPTS="$OPTS --security-opt seccomp=unconfined"
docker run $OPTS nginx
