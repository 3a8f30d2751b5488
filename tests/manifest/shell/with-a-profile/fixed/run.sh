docker run --security-opt seccomp=p.json a
docker run --security-opt "seccomp=p.json" b
OPTS='--rm --security-opt seccomp:p.json'
docker run $OPTS c
args=(--security-opt=seccomp=p.json)
docker run "${args[@]}" d
