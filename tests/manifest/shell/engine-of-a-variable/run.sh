DOCKER=docker
$DOCKER run --privileged a
"${ENGINE:-podman}" run --privileged b
CTR=$(command -v nerdctl)
$CTR run --privileged c
RUN="sudo docker run --rm"
$RUN --privileged d
$CONTAINER_RUNTIME run --privileged e
$SUDO docker run --privileged f
$(which docker) run --privileged g
