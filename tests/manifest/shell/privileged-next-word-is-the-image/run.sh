# pflag: a flag never takes the next word
docker run --privileged false
