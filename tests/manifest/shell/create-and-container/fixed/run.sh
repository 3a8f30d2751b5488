docker create --name web nginx
docker container create nginx:2
podman container run fedora
