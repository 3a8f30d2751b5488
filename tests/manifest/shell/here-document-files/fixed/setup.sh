#!/bin/sh
cat > docker-compose.yml <<'EOF'
services:
  web:
    image: nginx
EOF
cat <<EOF | sudo tee /etc/docker/daemon.json
{
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
	EOF
fi
cat >"$DIR/compose.yaml" <<'END'
services:
  other:
    image: redis
    security_opt: ["label=disable"]
END
cat >notes.txt <<'END'
services:
  nobody: {image: redis, privileged: true}
END
