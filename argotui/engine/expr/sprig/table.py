SPRIG = {}
