bash <<EOF
docker run --privileged a
EOF
ssh host <<'EOF'
docker run --privileged b
EOF
sudo -u x sh -s <<-EOF
	docker run --privileged c
	EOF
cat <<EOF | ssh host bash
docker run --privileged d
EOF
su - bob <<EOF
docker run --privileged e
EOF
cat >start.sh <<EOF
docker run --privileged f
EOF
tee -a deploy.sh <<EOF >/dev/null
docker run --privileged g
EOF
bash script.sh <<EOF
docker run --privileged h
EOF
