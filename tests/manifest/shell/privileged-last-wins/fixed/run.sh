docker run --privileged --privileged=false nginx
docker run --privileged=false nginx
