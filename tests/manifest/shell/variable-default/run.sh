docker run ${OPTS:---privileged} nginx
docker run ${OPTS:-"--security-opt seccomp=unconfined"} nginx:2
