ssh host "docker run \
  --privileged \
  --rm nginx"
bash -c 'docker run \
  --privileged \
  --rm redis'
ssh host <<EOF
sudo docker run \
  --privileged \
  postgres
EOF
