for o in --privileged --rm; do
  docker run $o a
done
for x in --privileged "--security-opt seccomp=unconfined"; do echo $x; done
for y in "" ""; do docker run $y b; done
