"""Finding what is wrong in cfgs, weight files and data sets: `dtorch check`."""
