OPTS="--rm --security-opt \"seccomp=unconfined\""
eval docker run $OPTS nginx
