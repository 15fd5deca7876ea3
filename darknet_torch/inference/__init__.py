"""Pictures in, results out: detector, classifier, character model, backends."""
