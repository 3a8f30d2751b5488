drun() {
  docker run --rm "$@"
}
drun nginx
drun nginx --privileged
