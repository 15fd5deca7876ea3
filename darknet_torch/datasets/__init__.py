"""Labelled data sets in the formats of Darknet, COCO and Pascal VOC. No torch."""

VOC_ORIGIN = 0  # labelling tools count pixels from 0; Pascal VOC itself counts from 1
