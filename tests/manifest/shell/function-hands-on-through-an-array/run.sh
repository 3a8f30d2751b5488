run_it() {
  local args=(-d)
  podman run "${args[@]}" "$@"
}
run_it --security-opt seccomp=unconfined --name web nginx
