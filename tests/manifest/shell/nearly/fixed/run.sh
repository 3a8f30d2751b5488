docker run a
docker run b
docker run c
docker run d
docker run d
