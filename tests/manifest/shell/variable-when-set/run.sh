docker run ${PRIV:+--privileged} nginx
