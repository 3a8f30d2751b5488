f() {
  local opts=""
  docker run $opts a
}
readonly R=""
docker run $R b
export E=
docker run $E c
declare -r D=""
docker run $D d
