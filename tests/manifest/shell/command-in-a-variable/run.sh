CMD="docker run --privileged nginx"
eval "$CMD"
OTHER="docker run --security-opt seccomp=unconfined redis"
ssh host "$OTHER"
