docker run --privileged=yes nginx
