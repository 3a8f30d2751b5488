IMG=nginx:1.27
docker run $IMG
docker run "registry.example/$IMG"
