bash -c "docker run a"
