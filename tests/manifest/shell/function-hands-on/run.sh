drun() {
  docker run --rm "$@"
}
drun --privileged nginx
drun nginx --privileged
