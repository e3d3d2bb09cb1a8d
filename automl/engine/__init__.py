"""The search itself, in its own process; the only home of ray, torch and timm."""
