OPTS="--privileged" ./start-docker.sh
