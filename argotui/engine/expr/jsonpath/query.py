def query(path, data, meter): raise NotImplementedError
