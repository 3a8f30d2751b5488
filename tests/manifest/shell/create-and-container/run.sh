docker create --privileged --name web nginx
docker container create --privileged nginx:2
podman container run --security-opt seccomp=unconfined fedora
