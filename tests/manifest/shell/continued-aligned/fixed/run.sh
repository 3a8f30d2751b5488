docker run --rm      \
           nginx        
