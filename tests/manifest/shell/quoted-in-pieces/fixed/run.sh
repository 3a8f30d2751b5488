docker run nginx
docker run nginx
docker run nginx
