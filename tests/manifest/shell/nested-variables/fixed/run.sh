OPTS=""
bash -c "docker run $OPTS a"
ssh host "docker run \$OPTS b"
