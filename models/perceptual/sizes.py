"""In what size pictures are looked at; needs no torch."""

MEASURED_SIZE = 512  # px on the longer side, of photographs and of the painting, so that figures compare
