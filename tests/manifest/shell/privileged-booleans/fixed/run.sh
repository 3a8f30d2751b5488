docker run img0
docker run img1
docker run img2
docker run img3
docker run img4
docker run img5
docker run --privileged=false img6
docker run --privileged=False img7
docker run --privileged=FALSE img8
docker run --privileged=f img9
docker run --privileged=F img10
docker run --privileged=0 img11
