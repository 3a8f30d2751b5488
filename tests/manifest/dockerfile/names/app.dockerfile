FROM a
RUN docker run --privileged a
