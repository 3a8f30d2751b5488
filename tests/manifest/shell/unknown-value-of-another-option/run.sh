docker run --security-opt apparmor=$P a
docker run --security-opt label=$X b
docker run -v $X:/x --name "$N" c
