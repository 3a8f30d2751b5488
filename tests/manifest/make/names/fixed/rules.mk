x:
	docker run a
