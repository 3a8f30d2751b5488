docker run -d --name "web" --security-opt seccomp=unconfined nginx:1.27
docker run -d --name "$N" --security-opt seccomp=unconfined nginx:1.28
