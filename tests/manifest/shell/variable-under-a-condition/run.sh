OPTS=--rm
if [ -n "$DEBUG" ]; then
  OPTS="$OPTS --privileged"
fi
[ -n "$X" ] && OPTS+=" --security-opt seccomp=unconfined"
docker run $OPTS nginx
