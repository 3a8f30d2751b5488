IMG=nginx:1.27
docker run --privileged $IMG
docker run --privileged "registry.example/$IMG"
