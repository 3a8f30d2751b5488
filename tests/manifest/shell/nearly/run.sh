docker run --security-opt Seccomp=unconfined a
docker run --security-opt "seccomp = unconfined" b
docker run --security-opt secomp=unconfined c
docker run --security-opt seccomp=Unconfined d
docker run --security-opt seccomp d
