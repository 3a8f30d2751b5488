docker run nginx --privileged --security-opt seccomp=unconfined
docker run --rm debian:12 docker run --privileged inner
