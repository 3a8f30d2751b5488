set -- --rm "$@"
set -- "$@" --privileged
docker run "$@" nginx
