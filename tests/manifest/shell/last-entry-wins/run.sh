docker run --security-opt seccomp=unconfined --security-opt seccomp=builtin nginx
docker run --security-opt seccomp=builtin --security-opt seccomp=unconfined nginx
