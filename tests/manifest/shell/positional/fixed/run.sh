set -- --rm "$@"
set -- "$@"
docker run "$@" nginx
