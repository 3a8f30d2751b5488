docker run a
