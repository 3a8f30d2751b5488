docker run --privileged a
