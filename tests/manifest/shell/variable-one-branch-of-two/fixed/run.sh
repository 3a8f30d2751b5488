if x; then
  OPTS=""
else
  OPTS="--security-opt seccomp=builtin"
fi
docker run $OPTS nginx
