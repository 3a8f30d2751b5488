docker run --name web nginx:1.27
docker run --name=db postgres
