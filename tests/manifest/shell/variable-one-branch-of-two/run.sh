if x; then
  OPTS="--security-opt seccomp=unconfined"
else
  OPTS="--security-opt seccomp=builtin"
fi
docker run $OPTS nginx
