OPTS=--rm
if [ -n "$DEBUG" ]; then
  OPTS="$OPTS"
fi
[ -n "$X" ] && OPTS+=""
docker run $OPTS nginx
