f() {
  local opts="--privileged"
  docker run $opts a
}
readonly R="--privileged"
docker run $R b
export E=--privileged
docker run $E c
declare -r D="--privileged"
docker run $D d
