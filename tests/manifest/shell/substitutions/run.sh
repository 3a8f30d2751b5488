id=$(docker run -d --privileged a)
id=`docker run -d --privileged b`
echo "id: $(docker run --privileged c)"
echo "id: `docker run --security-opt \"seccomp=unconfined\" d`"
diff <(docker run --privileged e) <(docker run --privileged f)
echo "${X:-$(docker run --privileged g)}"
x=$((1 + 2)); docker run --privileged h
