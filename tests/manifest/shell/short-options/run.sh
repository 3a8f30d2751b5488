docker run -it --privileged a
docker run -itv /a:/b --privileged b
docker run -p80:80 --privileged c
docker run -itp 80:80 d --privileged
docker run -e A=b -eC=d --privileged e
docker run -i=false --privileged f
docker run -v --privileged g
