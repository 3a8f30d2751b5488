x=$(echo
docker run a
