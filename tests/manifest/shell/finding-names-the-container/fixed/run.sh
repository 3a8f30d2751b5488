docker run -d --name "web" nginx:1.27
docker run -d --name "$N" nginx:1.28
