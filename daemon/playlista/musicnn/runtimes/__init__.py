"""Everything that can run MusiCNN, behind one protocol."""
