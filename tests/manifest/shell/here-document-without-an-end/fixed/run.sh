cat <<EOF
docker run a
