"""Training on arrays: the order of an epoch, data sets, loaders, mixtures and splits."""
