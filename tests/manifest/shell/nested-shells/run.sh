bash -c 'docker run --privileged a'
sh -c "docker run --privileged b"
bash -lc "cd /x && docker run --security-opt seccomp=unconfined c"
eval "docker run --privileged d"
eval docker run --privileged e
ssh -p 22 host 'sudo docker run --privileged f'
ssh host docker run --privileged g
su -c 'docker run --privileged h' bob
su bob -c "docker run --privileged i"
sg docker -c 'docker run --privileged j'
watch 'docker run --privileged k'
trap 'docker run --privileged l' EXIT
alias dr='docker run --privileged m'
xargs -I{} sh -c 'docker run --privileged n {}'
