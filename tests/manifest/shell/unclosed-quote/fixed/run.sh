echo "never closed
docker run a
echo it's
docker run b
