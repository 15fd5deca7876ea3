"""The names of the optimizers. No torch."""

SGD, ADAM, ADAMW = "sgd", "adam", "adamw"
OPTIMIZERS = (SGD, ADAM, ADAMW)
