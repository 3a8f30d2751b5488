#!/bin/sh
cat > docker-compose.yml <<'EOF'
services:
  web:
    image: nginx
    security_opt:
      - seccomp:unconfined
EOF
cat <<EOF | sudo tee /etc/docker/daemon.json
{
  "seccomp-profile": "unconfined",
  "log-level": "info"
}
EOF
if true; then
	cat <<-EOF >"$DIR/compose.yaml"
	services:
	  web:
	    image: nginx
	    privileged: ${PRIV}
	  db:
	    image: nginx
	    privileged: true
	EOF
fi
cat >"$DIR/compose.yaml" <<'END'
services:
  other:
    image: redis
    security_opt: ["seccomp=unconfined", "label=disable"]
END
cat >notes.txt <<'END'
services:
  nobody: {image: redis, privileged: true}
END
