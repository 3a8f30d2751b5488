CMD="docker run --privileged nginx"
