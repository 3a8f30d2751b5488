/usr/bin/docker run --privileged a
./bin/podman run --privileged b
"$HOME"/bin/nerdctl run --privileged c
