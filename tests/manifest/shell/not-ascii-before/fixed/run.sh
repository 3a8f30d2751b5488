echo "Zürich ☃"; docker run nginx
