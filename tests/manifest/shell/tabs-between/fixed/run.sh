docker	run	nginx
