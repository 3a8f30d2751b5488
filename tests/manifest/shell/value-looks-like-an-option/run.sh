# the value of --name and of -e, not options
docker run --name --privileged nginx
docker run -e --privileged nginx
