lxc() { command lxc "$@"; }
lxc --privileged x
unknown_function --privileged nginx
