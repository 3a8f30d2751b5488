cat <<EOF
docker run --privileged a
