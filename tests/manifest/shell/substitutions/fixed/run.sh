id=$(docker run -d a)
id=`docker run -d b`
echo "id: $(docker run c)"
echo "id: `docker run d`"
diff <(docker run e) <(docker run f)
echo "${X:-$(docker run g)}"
x=$((1 + 2)); docker run h
