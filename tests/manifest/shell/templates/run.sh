docker run --security-opt seccomp={{ profile }} a
docker run {{ opts }} --privileged a
docker run --privileged @IMAGE@
docker run --security-opt seccomp=<%= p %> x
docker run --security-opt seccomp=${{ inputs.p }} x
