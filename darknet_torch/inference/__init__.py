"""Running networks on pictures or text: detector, classifier, character model, backends."""
