start() {
  local -a args=(-d)
  if [[ $1 == debug ]]; then
    args+=(--privileged)
  fi
  docker run "${args[@]}" nginx
}
