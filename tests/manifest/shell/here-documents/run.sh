cat <<EOF
docker run --privileged a
EOF
cat <<'EOF' >/tmp/notes
docker run --privileged b $(docker run --privileged c)
EOF
cat <<EOF
$(docker run --privileged d)
EOF
docker run --privileged e <<EOF
docker run --privileged f
EOF
cat <<-EOF
	docker run --privileged g
	EOF
docker run --privileged h
