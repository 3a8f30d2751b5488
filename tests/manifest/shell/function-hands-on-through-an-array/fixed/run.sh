run_it() {
  local args=(-d)
  podman run "${args[@]}" "$@"
}
run_it --name web nginx
