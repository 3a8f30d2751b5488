docker run nginx
