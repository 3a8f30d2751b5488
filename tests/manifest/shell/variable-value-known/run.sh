P=unconfined
docker run --security-opt seccomp=$P a
Q="seccomp=unconfined"
docker run --security-opt "$Q" b
B=false
docker run --privileged=$B c
B2=true
docker run --privileged=${B2} d
