"""The playground: pages in the browser on top of the server, with a tab for each task."""
