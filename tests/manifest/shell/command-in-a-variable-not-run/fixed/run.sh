CMD="docker run nginx"
