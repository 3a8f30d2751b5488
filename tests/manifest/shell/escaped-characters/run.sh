docker run --secur\ity-opt seccomp=un\confined nginx
