docker run --security-opt 'seccomp'="unconfined" nginx
docker run "--security-opt"=seccomp=unconfined nginx
docker run --security-opt="seccomp=unconfined" nginx
