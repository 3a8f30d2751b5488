# docker is started elsewhere
DOCKER_RUN_OPTS="--security-opt seccomp=unconfined"
export MORE="--privileged"
