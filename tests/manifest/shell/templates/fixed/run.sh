docker run --security-opt seccomp={{ profile }} a
docker run {{ opts }} a
docker run @IMAGE@
docker run --security-opt seccomp=<%= p %> x
docker run --security-opt seccomp=${{ inputs.p }} x
