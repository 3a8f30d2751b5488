docker run --brand-new img
docker run --brand-new img
docker run --brand-new value img
docker run --brand-new=value img
