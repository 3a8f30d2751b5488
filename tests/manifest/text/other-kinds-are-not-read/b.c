docker run --privileged nginx
