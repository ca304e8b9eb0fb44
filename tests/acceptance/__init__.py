"""The main job from one end to the other: real purchases, and stories from a customer's row to a sent message."""
