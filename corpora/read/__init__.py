"""Reading files of any format and encoding as examples."""
