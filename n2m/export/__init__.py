"""Models to give away: as one page that answers without Python, or as ONNX files."""
