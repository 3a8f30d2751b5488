echo "never closed
docker run --privileged a
echo it's
docker run --privileged b
