OPTS="" ./start-docker.sh
