/usr/bin/docker run a
./bin/podman run b
"$HOME"/bin/nerdctl run c
