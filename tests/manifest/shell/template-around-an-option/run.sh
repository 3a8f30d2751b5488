docker run {{ if .Privileged }}--privileged{{ end }} a
docker run {% if privileged %} --privileged {% endif %} b
