exec docker run --privileged a
time -p docker run --privileged b
nohup docker run --privileged c &
command docker run --privileged d
timeout -k 5 10 docker run --privileged e
nice -n 5 docker run --privileged f
setsid -f docker run --privileged g
stdbuf -oL docker run --privileged h
find . -name x -exec docker run --privileged i {} \;
ls | xargs -n 1 -I{} docker run --privileged j {}
flock -n /tmp/l docker run --privileged k
systemd-run --unit x docker run --privileged l
