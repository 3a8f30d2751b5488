RUN="docker run"
RUN="$RUN --privileged"
$RUN nginx
