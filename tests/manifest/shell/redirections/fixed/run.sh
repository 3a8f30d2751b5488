docker run 2>/dev/null a >out 2>&1
docker run -it 2>&1
>log docker run c
