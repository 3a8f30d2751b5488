if docker run --privileged a; then docker run --privileged b
elif ! docker run --privileged c; then :
else docker run --privileged d; fi
while docker run --privileged e; do docker run --privileged f; done
until docker run --privileged g; do :; done
for i in 1 2; do docker run --privileged h; done
for ((i = 0; i < 3; i++)); do docker run --privileged i; done
case $1 in
a | b) docker run --privileged j ;;
(c) docker run --privileged k ;;
*) docker run --privileged l ;;
esac
{ docker run --privileged m; }
(cd x && docker run --privileged n)
f() { docker run --privileged o; }
function g { docker run --privileged p; }
[[ -n $x && ( $y == z ) ]] && docker run --privileged q
(( x < 3 )) && docker run --privileged r
select s in a; do docker run --privileged s; done
