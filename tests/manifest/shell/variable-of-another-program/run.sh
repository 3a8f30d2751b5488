KUBE_OPTS="--privileged"
kubectl run $KUBE_OPTS x
