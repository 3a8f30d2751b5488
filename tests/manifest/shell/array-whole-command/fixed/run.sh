cmd=(docker run --rm)
cmd+=()
cmd+=(nginx)
"${cmd[@]}"
