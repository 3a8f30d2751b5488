DOCKER=docker
$DOCKER run a
"${ENGINE:-podman}" run b
CTR=$(command -v nerdctl)
$CTR run c
RUN="sudo docker run --rm"
$RUN d
$CONTAINER_RUNTIME run e
$SUDO docker run f
$(which docker) run g
