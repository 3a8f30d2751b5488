docker run --brand-new --privileged img
docker run --brand-new img --privileged
docker run --brand-new value --privileged img
docker run --brand-new=value --privileged img
