docker	run	--privileged	nginx
