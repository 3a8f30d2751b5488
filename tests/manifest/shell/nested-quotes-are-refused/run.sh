ssh host "bash -c 'docker run --privileged a'"
