command -v docker run --privileged x
which docker run --privileged x
type docker
