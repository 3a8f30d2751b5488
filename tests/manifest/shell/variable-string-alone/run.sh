OPTS='--security-opt seccomp=unconfined'
docker run ${OPTS} nginx
