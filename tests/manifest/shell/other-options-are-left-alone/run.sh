docker run --security-opt apparmor=unconfined --security-opt no-new-privileges --security-opt label=disable nginx
