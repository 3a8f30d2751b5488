docker run --privileged --privileged=false nginx
docker run --privileged=false --privileged nginx
