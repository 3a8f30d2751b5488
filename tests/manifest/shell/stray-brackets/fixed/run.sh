) docker run a
} docker run b
fi; done; esac; docker run c
