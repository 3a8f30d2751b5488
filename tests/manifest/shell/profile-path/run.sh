docker run --security-opt seccomp=./profile.json nginx
docker run --security-opt seccomp=$DIR/profile.json nginx
docker run --security-opt "seccomp=$(pwd)/profile.json" nginx
