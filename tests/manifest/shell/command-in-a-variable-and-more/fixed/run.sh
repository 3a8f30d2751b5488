RUN="docker run"
RUN="$RUN"
$RUN nginx
