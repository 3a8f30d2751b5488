#!/bin/bash
# Says what to do about containers; starts none.
advice="You should not start containers with the --privileged flag."
impact="If docker starts a container without --privileged or with --security-opt seccomp=unconfined, it differs."
messages=(Never --privileged "use --privileged with care")

complete_run() {
        local flags="
                --detach -d
                --help
                --privileged
                --rm
        "
        COMPREPLY=($(compgen -W "$flags" -- "$1"))
}

# Options for somebody else to use.
export EXTRA="run --rm --new-option 3 --privileged"
export MORE="$COMMON --label a=b --security-opt seccomp=unconfined"
