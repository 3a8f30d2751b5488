echo "Zürich ☃"; docker run --privileged nginx
