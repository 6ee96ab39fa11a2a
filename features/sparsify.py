def sparsify(vectors, threshold, tail):
    raise NotImplementedError
