docker build --privileged .
docker compose run --privileged web
docker compose exec --privileged web sh
docker service create --privileged nginx
docker-compose up --privileged
docker ps --privileged
