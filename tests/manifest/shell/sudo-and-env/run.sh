sudo docker run --privileged a
sudo -u bob -E docker run --privileged b
sudo --user=bob docker run --privileged c
sudo --user bob A=b docker run --privileged d
env -i A=b PATH=/bin docker run --privileged e
DOCKER_HOST=tcp://x:1 docker run --privileged f
