sudo docker run a
sudo -u bob -E docker run b
sudo --user=bob docker run c
sudo --user bob A=b docker run d
env -i A=b PATH=/bin docker run e
DOCKER_HOST=tcp://x:1 docker run f
