docker run 2>/dev/null --privileged a >out 2>&1
docker run -it 2>&1 --privileged
>log docker run --privileged c
