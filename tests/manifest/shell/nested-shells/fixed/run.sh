bash -c 'docker run a'
sh -c "docker run b"
bash -lc "cd /x && docker run c"
eval "docker run d"
eval docker run e
ssh -p 22 host 'sudo docker run f'
ssh host docker run g
su -c 'docker run h' bob
su bob -c "docker run i"
sg docker -c 'docker run j'
watch 'docker run k'
trap 'docker run l' EXIT
alias dr='docker run m'
xargs -I{} sh -c 'docker run n {}'
