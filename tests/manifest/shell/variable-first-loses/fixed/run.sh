docker run $OPTS nginx
OPTS="--security-opt seccomp=builtin"
