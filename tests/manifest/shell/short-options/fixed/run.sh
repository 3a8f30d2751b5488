docker run -it a
docker run -itv /a:/b b
docker run -p80:80 c
docker run -itp 80:80 d --privileged
docker run -e A=b -eC=d e
docker run -i=false f
docker run -v --privileged g
