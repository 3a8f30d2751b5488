echo docker run --privileged a
echo "docker run --privileged b"
printf "%s\n" 'docker run --privileged c'
log "docker run --privileged d"
usage="docker run [--privileged] image"
