CMD="docker run nginx"
eval "$CMD"
OTHER="docker run redis"
ssh host "$OTHER"
