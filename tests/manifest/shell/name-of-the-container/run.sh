docker run --name web --privileged nginx:1.27
docker run --name=db --privileged postgres
