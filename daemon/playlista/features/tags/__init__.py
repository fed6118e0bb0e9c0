"""MusiCNN's tags and embedding from mel bands."""
