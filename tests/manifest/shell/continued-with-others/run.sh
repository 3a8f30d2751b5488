docker run --rm --privileged \
  -p 80:80 --security-opt seccomp=unconfined \
  --security-opt seccomp=unconfined -v /a:/b \
  nginx
