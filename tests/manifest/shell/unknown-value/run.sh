docker run --security-opt "$X" a
docker run --security-opt seccomp=$P b
docker run --security-opt=$(cat opt) c
docker run --privileged=$P d
