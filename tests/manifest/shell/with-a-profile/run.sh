docker run --security-opt seccomp=unconfined a
docker run --security-opt "seccomp=unconfined" b
OPTS='--rm --security-opt seccomp:unconfined'
docker run $OPTS c
args=(--security-opt=seccomp=unconfined)
docker run "${args[@]}" d
