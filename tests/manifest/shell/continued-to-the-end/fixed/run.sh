docker run --rm

echo done
