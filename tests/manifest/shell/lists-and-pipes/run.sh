a && docker run --privileged a || docker run --privileged b; docker run --privileged c & docker run --privileged d | tee x
! docker run --privileged e
