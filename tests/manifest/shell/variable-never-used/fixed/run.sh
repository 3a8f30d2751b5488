# docker is started elsewhere
DOCKER_RUN_OPTS=""
export MORE=""
