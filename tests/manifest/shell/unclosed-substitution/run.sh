x=$(echo
docker run --privileged a
