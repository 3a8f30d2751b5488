a && docker run a || docker run b; docker run c & docker run d | tee x
! docker run e
