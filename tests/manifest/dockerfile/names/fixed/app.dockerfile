FROM a
RUN docker run a
