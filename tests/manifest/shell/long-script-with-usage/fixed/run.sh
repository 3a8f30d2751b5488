#!/bin/bash
usage() {
  cat <<USAGE
Usage: $0 [--privileged]
  docker run --privileged image
USAGE
  echo "try: docker run --security-opt seccomp=unconfined image"
}
while [ $# -gt 0 ]; do
  case "$1" in
    --privileged) PRIV=1; shift ;;
    --security-opt) shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) break ;;
  esac
done
docker_args=(--rm -it)
[[ -n "${PRIV:-}" ]] && docker_args+=()
exec docker run "${docker_args[@]}" "${IMAGE:?}" "$@"
