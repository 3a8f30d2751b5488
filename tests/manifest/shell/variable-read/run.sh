read P
docker run --security-opt seccomp=$P a
for Q in unconfined builtin; do docker run --security-opt seccomp=$Q b; done
