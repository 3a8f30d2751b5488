$MACHINE run --privileged a
$TOOL --privileged b
kubectl run --privileged c
