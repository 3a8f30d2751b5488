docker exec --privileged web sh
docker container exec -it --privileged web sh
podman exec --privileged web sh
