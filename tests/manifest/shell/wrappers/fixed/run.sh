exec docker run a
time -p docker run b
nohup docker run c &
command docker run d
timeout -k 5 10 docker run e
nice -n 5 docker run f
setsid -f docker run g
stdbuf -oL docker run h
find . -name x -exec docker run i {} \;
ls | xargs -n 1 -I{} docker run j {}
flock -n /tmp/l docker run k
systemd-run --unit x docker run l
