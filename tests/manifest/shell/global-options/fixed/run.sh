docker -H tcp://h:2375 --context=x --tls run a
docker --log-level debug container run b
podman --log-level=debug run c
nerdctl --namespace k8s.io run d
nerdctl run --namespace k8s.io e
