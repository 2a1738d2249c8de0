"""The feed-forward painter that paints on a canvas (models/canvas.py): its network and its training."""
