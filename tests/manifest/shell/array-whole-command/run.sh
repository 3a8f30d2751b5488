cmd=(docker run --rm)
cmd+=(--privileged)
cmd+=(nginx)
"${cmd[@]}"
