docker run --security-opt seccomp=${SECCOMP:-unconfined} a
P="${P:-unconfined}"
docker run --security-opt "seccomp=$P" b
: "${Q:=unconfined}"
docker run --security-opt seccomp=$Q c
docker run --security-opt seccomp=${SECCOMP:-./p.json} d
