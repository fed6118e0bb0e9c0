"""MusiCNN: from the published checkpoint to activations, on whichever runtime fits."""
