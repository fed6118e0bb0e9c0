"""What both networks share: wheels that carry weights, ONNX graphs, and prepared files with their checksums."""
