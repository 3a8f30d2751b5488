bash <<EOF
docker run a
EOF
ssh host <<'EOF'
docker run b
EOF
sudo -u x sh -s <<-EOF
	docker run c
	EOF
cat <<EOF | ssh host bash
docker run d
EOF
su - bob <<EOF
docker run e
EOF
cat >start.sh <<EOF
docker run f
EOF
tee -a deploy.sh <<EOF >/dev/null
docker run g
EOF
bash script.sh <<EOF
docker run --privileged h
EOF
