docker run $OPTS image
docker run $OPTS --privileged image
docker run $IMAGE --privileged
docker run "$IMG" --privileged
