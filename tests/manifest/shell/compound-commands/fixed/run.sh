if docker run a; then docker run b
elif ! docker run c; then :
else docker run d; fi
while docker run e; do docker run f; done
until docker run g; do :; done
for i in 1 2; do docker run h; done
for ((i = 0; i < 3; i++)); do docker run i; done
case $1 in
a | b) docker run j ;;
(c) docker run k ;;
*) docker run l ;;
esac
{ docker run m; }
(cd x && docker run n)
f() { docker run o; }
function g { docker run p; }
[[ -n $x && ( $y == z ) ]] && docker run q
(( x < 3 )) && docker run r
select s in a; do docker run s; done
