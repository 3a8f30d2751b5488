docker exec web sh -c "docker run --privileged a"
docker run img sh -c "docker run --privileged b"
