ssh host "docker run \
  --rm nginx"
bash -c 'docker run \
  --rm redis'
ssh host <<EOF
sudo docker run \
  postgres
EOF
