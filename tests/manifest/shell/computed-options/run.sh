docker run $([ -n "$P" ] && echo --privileged) a
docker run `test -n "$P" && echo --security-opt seccomp=unconfined` b
