docker run -- nginx --privileged
docker run --privileged -- nginx
