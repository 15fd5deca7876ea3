"""Data sets: labelled pictures in any of the common forms. No torch."""

VOC_ORIGIN = 0  # what labelling tools count pixels from; Pascal VOC itself counts from 1
