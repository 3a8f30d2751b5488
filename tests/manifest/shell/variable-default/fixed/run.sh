docker run ${OPTS:-} nginx
docker run ${OPTS:-"--security-opt seccomp=unconfined"} nginx:2
