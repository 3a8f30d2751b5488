docker -H tcp://h:2375 --context=x --tls run --privileged a
docker --log-level debug container run --privileged b
podman --log-level=debug run --privileged c
nerdctl --namespace k8s.io run --privileged d
nerdctl run --namespace k8s.io --privileged e
