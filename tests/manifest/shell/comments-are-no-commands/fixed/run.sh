# docker run --privileged a
true # docker run --privileged b
docker run img # --privileged
echo a#b; docker run c
