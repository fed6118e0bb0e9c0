"""The shape of what MusiCNN looks at: the features cut patches of it, the runtimes take them."""

from __future__ import annotations

#: Frames of one patch, 3 s at a hop of 256 samples and 16 kHz.
PATCH_FRAMES = 187
#: Mel bands of one frame.
MEL_BANDS = 96

#: Mel bands that VibeNet listens to.
VIBENET_BANDS = 128
