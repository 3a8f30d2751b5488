start() {
  local -a args=(-d)
  if [[ $1 == debug ]]; then
    args+=()
  fi
  docker run "${args[@]}" nginx
}
