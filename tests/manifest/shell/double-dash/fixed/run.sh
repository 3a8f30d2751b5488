docker run -- nginx --privileged
docker run -- nginx
